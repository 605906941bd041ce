# Leaving the pool waits for a job that waits for what comes after the pool.
# expect: loop-self-wait
# tasks: import_files, summarize
# resource: complete
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor


class Importer:
    def __init__(self):
        self.complete = threading.Event()  # <- made

    def read(self, name):
        return len(name)

    def summarize(self):
        self.complete.wait()  # <- waits
        return "summary"

    async def import_files(self, names):
        with ThreadPoolExecutor(max_workers=2) as pool:
            summary = pool.submit(self.summarize)
            print("hung", flush=True)
            print(sum(pool.map(self.read, names)))
        self.complete.set()
        return summary.result()


async def main():
    await asyncio.create_task(Importer().import_files(["a.csv", "b.csv"]), name="import_files")


asyncio.run(main())
