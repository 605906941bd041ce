# A registry whose public method takes the lock and then calls another one that takes it as well.
# expect: self-deadlock
# tasks: register
# resource: lock
import asyncio


class Registry:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.services = {}

    async def lookup(self, name):
        async with self.lock:  # <- waits
            return self.services.get(name)

    async def register(self, name, address):
        async with self.lock:  # <- holds
            if await self.lookup(name) is None:
                self.services[name] = address


async def main():
    registry = Registry()
    task = asyncio.create_task(registry.register("billing", "10.0.0.7"))
    await asyncio.sleep(0.05)
    print("hung", flush=True)
    await task


asyncio.run(main())
