# A request to end meets a worker as it gets its connection, which catches it and forgets it. The worker goes on,
# and waits for its next job.
# expect: ignored-cancel
# tasks: worker, main
# because: got lost there
# snapshot: yes
import asyncio


class Pool:
    def __init__(self):
        self.given = asyncio.get_running_loop().create_future()

    async def connection(self):
        try:
            await self.given  # <- runs
        except asyncio.CancelledError as error:
            self.error = error
        return "connection"


async def work(pool, jobs):
    while True:
        await pool.connection()
        await jobs.get()  # <- waits


async def main():
    pool, jobs = Pool(), asyncio.Queue()
    worker = asyncio.create_task(work(pool, jobs), name="worker")
    await asyncio.sleep(0.05)
    worker.cancel()
    print("hung", flush=True)
    await asyncio.wait([worker])  # <- waits


asyncio.run(main())
