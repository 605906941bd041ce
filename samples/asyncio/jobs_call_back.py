# Jobs of the loop's pool call coroutines that need a thread of that pool.
# expect: pool-starvation
# tasks: render
import asyncio
from concurrent.futures import ThreadPoolExecutor


class Site:
    def __init__(self, loop):
        self.loop = loop

    def read(self, name):
        return "<p>" + name

    async def load(self, name):
        return await self.loop.run_in_executor(None, self.read, name)

    def render(self, name):
        text = asyncio.run_coroutine_threadsafe(self.load(name), self.loop)
        return text.result()  # <- waits


async def main():
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=2))
    site = Site(loop)
    pages = [loop.run_in_executor(None, site.render, name) for name in ("home", "news", "faq")]
    print("hung", flush=True)
    print(await asyncio.gather(*pages))


asyncio.run(main())
