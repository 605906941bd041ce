# Two tasks take the same two locks of anyio in a different order.
# expect: lock-cycle
# requires: anyio
# tasks: put, compact
# resource: cache_lock, journal_lock
import anyio


class Store:
    def __init__(self):
        self.cache_lock = anyio.Lock()
        self.journal_lock = anyio.Lock()

    async def put(self):
        async with self.cache_lock:  # <- holds
            await anyio.sleep(0.05)
            async with self.journal_lock:  # <- waits
                print("put")

    async def compact(self):
        async with self.journal_lock:  # <- holds
            await anyio.sleep(0.05)
            async with self.cache_lock:  # <- waits
                print("compacted")


async def main():
    store = Store()
    async with anyio.create_task_group() as group:
        group.start_soon(store.put, name="put")
        group.start_soon(store.compact, name="compact")
        await anyio.sleep(0.2)
        print("hung", flush=True)


anyio.run(main)
