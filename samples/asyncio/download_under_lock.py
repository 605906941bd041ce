"""A cache downloads its content with the lock held that every reader needs."""
# expect: nothing
# also: long-hold
import asyncio


class Cache:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.content = None

    async def refresh(self):
        async with self.lock:
            await asyncio.sleep(0.8)
            self.content = "new"

    async def read(self):
        async with self.lock:
            return self.content


async def main():
    cache = Cache()
    refresh = asyncio.create_task(cache.refresh(), name="refresh")
    await asyncio.sleep(0.05)
    await asyncio.gather(refresh, *(cache.read() for _ in range(3)))


asyncio.run(main())
