"""A crawler takes a slot for each page, and one more for each picture below it: four slots were enough this time."""
# expect: nothing
# also: near-exhaustion
import asyncio


class Crawler:
    def __init__(self):
        self.slots = asyncio.Semaphore(4)

    async def page(self, pause):
        await asyncio.sleep(pause)
        async with self.slots:
            await asyncio.sleep(0.01)
            await self.picture()
        await asyncio.sleep(0.5)

    async def picture(self):
        async with self.slots:
            await asyncio.sleep(0.01)


async def main():
    crawler = Crawler()
    await asyncio.gather(*(crawler.page(0.05 * number) for number in range(5)))


asyncio.run(main())
