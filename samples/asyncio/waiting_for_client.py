# A program that waits for its first client, and a scheduler that waits for its next hour.
# expect: nothing
import asyncio
import socket


class Scheduler:
    def __init__(self):
        self.due = asyncio.Condition()

    async def tick(self):
        while True:
            await asyncio.sleep(3600)
            async with self.due:
                self.due.notify_all()

    async def run_jobs(self):
        async with self.due:
            await self.due.wait()


async def accept(listener):
    connection, _ = await asyncio.get_running_loop().sock_accept(listener)
    connection.close()


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    scheduler = Scheduler()
    tick = asyncio.create_task(scheduler.tick(), name="tick")
    jobs = asyncio.create_task(scheduler.run_jobs(), name="run_jobs")
    client = asyncio.create_task(accept(listener), name="accept")
    print("idle", flush=True)
    await asyncio.gather(tick, jobs, client)


asyncio.run(main())
