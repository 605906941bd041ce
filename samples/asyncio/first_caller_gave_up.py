# Callers share one load. The first of them does it, and is cancelled meanwhile: nobody resolves its future.
# expect: orphaned-future
# tasks: second
# because: which made it, was cancelled by 'main'
# snapshot: yes
import asyncio


class Cache:
    def __init__(self):
        self.loading = {}

    async def get(self, key):
        if key in self.loading:
            return await self.loading[key]  # <- waits
        future = asyncio.get_running_loop().create_future()  # <- made
        self.loading[key] = future
        future.set_result(await self.load(key))
        return future.result()

    async def load(self, key):
        await asyncio.sleep(60)
        return key


async def main():
    cache = Cache()
    first = asyncio.create_task(cache.get("a"), name="first")
    await asyncio.sleep(0.01)
    second = asyncio.create_task(cache.get("a"), name="second")
    await asyncio.sleep(0.01)
    first.cancel()
    print("hung", flush=True)
    await second


asyncio.run(main())
