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


async def by_day(store):
    for _ in range(5):
        await asyncio.sleep(0.02)
        await store.put()
    await asyncio.sleep(0.5)


async def by_night(store):
    await asyncio.sleep(0.3)
    for _ in range(5):
        await asyncio.sleep(0.02)
        await store.compact()


async def main():
    store = Store()
    await asyncio.gather(by_day(store), by_night(store))


asyncio.run(main())
