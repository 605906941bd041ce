# Items handed over through lists and conditions, by tasks that take from one and put into another.
# expect: nothing
import asyncio


class Buffer:
    def __init__(self):
        self.items = []
        self.changed = asyncio.Condition()

    async def put(self, item):
        async with self.changed:
            self.items.append(item)
            self.changed.notify()

    async def get(self):
        async with self.changed:
            while not self.items:
                await self.changed.wait()
            return self.items.pop()


async def relay(source, sink, count):
    for _ in range(count):
        await sink.put(await source.get())


async def main():
    first, second = Buffer(), Buffer()
    relays = [asyncio.create_task(relay(first, second, count)) for count in (3, 4, 5)]
    for number in range(12):
        await first.put(number)
    print([await second.get() for _ in range(12)], await asyncio.gather(*relays))
    for number in range(30):
        await asyncio.gather(first.get(), first.put(number))
        await asyncio.sleep(0.1)


asyncio.run(main())
