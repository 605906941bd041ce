# A pipeline of producers and consumers over bounded queues that works off its items and ends.
# expect: nothing
import asyncio


class Pipeline:
    def __init__(self):
        self.raw = asyncio.Queue(maxsize=4)
        self.parsed = asyncio.Queue(maxsize=4)

    async def read(self, count):
        for number in range(count):
            await self.raw.put(str(number))

    async def parse(self):
        while True:
            await self.parsed.put(int(await self.raw.get()))
            self.raw.task_done()

    async def total(self, count):
        return sum([await self.parsed.get() for _ in range(count)])


async def main():
    pipeline = Pipeline()
    parsers = [asyncio.create_task(pipeline.parse()) for _ in range(3)]
    total = asyncio.create_task(pipeline.total(50), name="total")
    await pipeline.read(50)
    await pipeline.raw.join()
    assert await total == 1225
    for parser in parsers:
        parser.cancel()
    await asyncio.gather(*parsers, return_exceptions=True)


asyncio.run(main())
