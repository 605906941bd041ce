# A store whose two methods take the same two locks, each in the other's order.
# expect: lock-cycle
# tasks: put, compact
# resource: cache_lock, journal_lock
import asyncio


class Store:
    def __init__(self):
        self.cache_lock = asyncio.Lock()
        self.journal_lock = asyncio.Lock()

    async def put(self, key, value):
        async with self.cache_lock:  # <- holds
            await asyncio.sleep(0.05)
            # The journal is written while the cache is closed to others.
            async with self.journal_lock:  # <- waits
                return key, value

    async def compact(self):
        async with self.journal_lock:  # <- holds
            await asyncio.sleep(0.05)
            # Entries that the cache still needs must survive.
            async with self.cache_lock:  # <- waits
                return True


async def main():
    store = Store()
    put = asyncio.create_task(store.put("user:1", "Ada"), name="put")
    compact = asyncio.create_task(store.compact(), name="compact")
    print("hung", flush=True)
    await asyncio.gather(put, compact)


asyncio.run(main())
