"""A store whose two methods take two locks in opposite orders, and never meet while they do so."""
# expect: nothing
# also: lock-order-inversion
import asyncio


class Store:
    def __init__(self):
        self.cache_lock = asyncio.Lock()
        self.journal_lock = asyncio.Lock()

    async def put(self):
        async with self.cache_lock:
            await asyncio.sleep(0.01)
            async with self.journal_lock:
                pass

    async def compact(self):
        async with self.journal_lock:
            async with self.cache_lock:
                await asyncio.sleep(0.01)


async def every(pause, work):
    while True:
        await asyncio.sleep(pause)
        await work()


async def main():
    store = Store()
    writer = asyncio.create_task(every(0.03, store.put), name="writer")
    await asyncio.sleep(0.3)
    # By day there are writers, by night there is the compaction.
    writer.cancel()
    cleaner = asyncio.create_task(every(0.05, store.compact), name="cleaner")
    await asyncio.sleep(0.3)
    cleaner.cancel()


asyncio.run(main())
