# Tasks in every kind of wait are cancelled at shutdown, clean up and end.
# expect: nothing
import asyncio


class Worker:
    def __init__(self, lock):
        self.lock = lock
        self.closed = False

    async def run(self, wait):
        try:
            async with self.lock:
                await wait
        finally:
            self.closed = True


async def main():
    locks = asyncio.Lock(), asyncio.Semaphore(2), asyncio.Lock()
    workers = [Worker(locks[0]), Worker(locks[1]), Worker(locks[2])]
    waits = [asyncio.Event().wait(), asyncio.Queue().get(), asyncio.sleep(60)]
    tasks = [asyncio.create_task(w.run(wait)) for w, wait in zip(workers, waits)]
    await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(worker.closed for worker in workers)
    async with locks[0], locks[1], locks[2]:
        pass


asyncio.run(main())
