# Tasks and futures of asyncio's own code in Python, as libraries that let a loop run within itself put them in the
# place of the C ones.
# expect: lock-cycle
# tasks: save, load
import asyncio

asyncio.Task = asyncio.tasks.Task = asyncio.tasks._CTask = asyncio.tasks._PyTask
asyncio.Future = asyncio.futures.Future = asyncio.futures._CFuture = asyncio.futures._PyFuture


class Shelf:
    def __init__(self):
        self.index_lock = asyncio.Lock()
        self.page_lock = asyncio.Lock()

    async def save(self):
        async with self.index_lock:
            await asyncio.sleep(0.05)
            async with self.page_lock:  # <- waits
                pass

    async def load(self):
        async with self.page_lock:
            await asyncio.sleep(0.05)
            print("hung", flush=True)
            async with self.index_lock:  # <- waits
                pass


async def main():
    shelf = Shelf()
    save = asyncio.create_task(shelf.save(), name="save")
    load = asyncio.create_task(shelf.load(), name="load")
    await asyncio.wait([save, load])


asyncio.run(main())
