# The cache is warmed up by a coroutine that is called and never awaited.
# expect: orphaned-future
# tasks: lookup
# resource: warm
# also: never-awaited
import asyncio


class Cache:
    def __init__(self):
        self.warm = asyncio.Event()
        self.entries = {}

    async def load(self):
        await asyncio.sleep(0.01)
        self.entries["answer"] = 42
        self.warm.set()

    async def lookup(self, key):
        await self.warm.wait()  # <- waits
        return self.entries[key]


async def main():
    cache = Cache()
    cache.load()
    lookup = asyncio.create_task(cache.lookup("answer"), name="lookup")
    print("hung", flush=True)
    print(await lookup)


asyncio.run(main())
