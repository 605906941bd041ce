"""redis-py < 6.2: a pool makes a connection while it holds its threading.Lock.  When the garbage
collector runs just then and finds a forgotten PubSub, its __del__ gives a connection back to the same
pool, and takes the lock that its own thread holds.  In a coroutine, that is the thread of the loop."""
import asyncio

import redis

client = redis.Redis(host="127.0.0.1", port=54942)


class Subscription:
    def __init__(self, channel):
        self.pubsub = client.pubsub()
        self.myself = self                         # a cycle: only the collector frees it
        self.pubsub.subscribe(channel)             # <- takes a connection; waits here for the lock


async def handle(number, kept):
    Subscription(f"once-{number}")                 # used once and forgotten
    kept.append(Subscription(f"kept-{number}"))
    await asyncio.sleep(0)


async def main():
    print("handling", flush=True)
    kept = []
    for number in range(400):
        await handle(number, kept)
    print("handled", len(kept))


asyncio.run(main())
