# Jobs of a pool wait for jobs of the same pool, which queue up behind them.
# expect: pool-starvation
# tasks: resize
import asyncio
from concurrent.futures import ThreadPoolExecutor


class Gallery:
    def __init__(self):
        self.pool = ThreadPoolExecutor(max_workers=2)

    def thumbnail(self, image):
        return image + ".small"

    def resize(self, album):
        thumbnails = [self.pool.submit(self.thumbnail, image) for image in album]
        return [thumbnail.result() for thumbnail in thumbnails]  # <- waits

    async def resize_all(self, albums):
        loop = asyncio.get_running_loop()
        jobs = [loop.run_in_executor(self.pool, self.resize, album) for album in albums]
        return await asyncio.gather(*jobs)


async def main():
    albums = [["sea", "hill"], ["cat", "dog"], ["tree"]]
    work = asyncio.create_task(Gallery().resize_all(albums), name="resize_all")
    await asyncio.sleep(0.1)
    print("hung", flush=True)
    print(await work)


asyncio.run(main())
