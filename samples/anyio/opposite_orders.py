# A store whose two methods take two locks of anyio in opposite orders, and never meet while they do so.
# expect: nothing
# requires: anyio
# also: lock-order-inversion
import anyio


class Store:
    def __init__(self):
        self.cache_lock = anyio.Lock()
        self.journal_lock = anyio.Lock()

    async def put(self):
        async with self.cache_lock:
            await anyio.sleep(0.01)
            async with self.journal_lock:
                pass

    async def compact(self):
        async with self.journal_lock:
            async with self.cache_lock:
                await anyio.sleep(0.01)


async def by_day(store):
    for _ in range(5):
        await anyio.sleep(0.02)
        await store.put()
    await anyio.sleep(0.5)


async def by_night(store):
    await anyio.sleep(0.3)
    for _ in range(5):
        await anyio.sleep(0.02)
        await store.compact()


async def main():
    store = Store()
    async with anyio.create_task_group() as group:
        group.start_soon(by_day, store)
        group.start_soon(by_night, store)


anyio.run(main)
