"""broadcaster 0.3.0 on Redis: the task that reads from Redis ends as soon as no channel is
subscribed.  Later subscriptions look healthy, and their messages reach the connection, but nobody
reads them: the subscriber waits for a queue, which is filled by a task, which waits for a queue,
which that ended task used to fill."""
import asyncio

from broadcaster import Broadcast


async def next_message(broadcast, channel):
    async with broadcast.subscribe(channel) as subscriber:
        await broadcast.publish(channel, f"hello {channel}")
        event = await subscriber.get()             # <- the second call waits here
        return event.message


async def main():
    async with Broadcast("redis://127.0.0.1:54937") as broadcast:
        print("first:", await next_message(broadcast, "red"), flush=True)
        await asyncio.sleep(0.2)                   # red is unsubscribed: the reader ends
        print("waiting for the second", flush=True)
        print("second:", await next_message(broadcast, "green"))


asyncio.run(main())
