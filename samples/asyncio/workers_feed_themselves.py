# The workers of a crawler put what they find into the bounded queue that they take from: when it is full,
# nobody is left who takes.
# expect: queue-no-consumer
# tasks: worker-0, worker-1, worker-2
# resource: pages
import asyncio


class Crawler:
    def __init__(self):
        self.pages = asyncio.Queue(maxsize=4)
        self.seen = set()

    async def links(self, page):
        await asyncio.sleep(0.01)
        return [2 * page, 2 * page + 1]

    async def work(self):
        while True:
            page = await self.pages.get()
            for link in await self.links(page):
                if link not in self.seen:
                    self.seen.add(link)
                    await self.pages.put(link)  # <- waits


async def main():
    crawler = Crawler()
    crawler.pages.put_nowait(1)
    print("hung", flush=True)
    await asyncio.gather(
        *(asyncio.create_task(crawler.work(), name=f"worker-{n}") for n in range(3)))


asyncio.run(main())
