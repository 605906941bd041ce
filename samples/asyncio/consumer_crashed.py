# The only consumer dies of a bad row, and the importer waits for the rest to be worked off.
# expect: unfinished-join
# tasks: import_rows
# resource: rows
# because: ValueError
import asyncio


class Importer:
    def __init__(self):
        self.rows = asyncio.Queue()
        self.total = 0

    async def consume(self):
        while True:
            row = await self.rows.get()
            self.total += int(row)
            self.rows.task_done()

    async def import_rows(self, source):
        for row in source:
            await self.rows.put(row)
        await self.rows.join()  # <- waits
        return self.total


async def main():
    importer = Importer()
    consumer = asyncio.create_task(importer.consume(), name="consume")
    rows = asyncio.create_task(importer.import_rows(["1", "2", "n/a", "4"]), name="import_rows")
    print("hung", flush=True)
    print(await rows)
    consumer.cancel()


asyncio.run(main())
