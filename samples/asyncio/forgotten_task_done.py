# A crawler that skips pages it knows already, and with them their task_done().
# expect: unfinished-join
# snapshot: yes
# tasks: crawl
# resource: frontier
import asyncio


class Crawler:
    def __init__(self):
        self.frontier = asyncio.Queue()
        self.seen = set()

    async def fetch_pages(self):
        while True:
            url = await self.frontier.get()
            if url in self.seen:
                continue
            self.seen.add(url)
            await asyncio.sleep(0.01)
            self.frontier.task_done()

    async def crawl(self, urls):
        workers = [asyncio.create_task(self.fetch_pages(), name=f"fetcher-{i}") for i in range(2)]
        for url in urls:
            self.frontier.put_nowait(url)
        await self.frontier.join()  # <- waits
        for worker in workers:
            worker.cancel()


async def main():
    crawl = asyncio.create_task(Crawler().crawl(["/", "/about", "/"]), name="crawl")
    await asyncio.sleep(0.1)
    print("hung", flush=True)
    await crawl


asyncio.run(main())
