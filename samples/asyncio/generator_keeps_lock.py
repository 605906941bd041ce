# A generator is left before its end, with the lock that it took; nobody closes it.
# expect: self-deadlock
# tasks: main
# resource: lock
# because: generator
import asyncio


class Table:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.data = [3, 1, 2]

    async def rows(self):
        async with self.lock:  # <- holds
            for row in self.data:
                yield row

    async def insert(self, row):
        async with self.lock:  # <- waits
            self.data.append(row)


async def main():
    table = Table()
    rows = table.rows()
    async for row in rows:
        if row == 1:
            break
    print("hung", flush=True)
    await table.insert(row)


asyncio.run(main())
