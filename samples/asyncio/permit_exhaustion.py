# Four copies share two connections, and each needs one for reading and one for writing.
# expect: permit-exhaustion
# tasks: copy-users, copy-orders
# resource: connections
import asyncio


class Migration:
    def __init__(self):
        self.connections = asyncio.Semaphore(2)

    async def copy(self, table):
        async with self.connections:  # <- holds
            await asyncio.sleep(0.05)  # read the first rows
            async with self.connections:  # <- waits
                return table


async def main():
    migration = Migration()
    copies = [
        asyncio.create_task(migration.copy(table), name="copy-" + table)
        for table in ("users", "orders", "items", "prices")
    ]
    await asyncio.sleep(0.1)
    print("hung", flush=True)
    await asyncio.gather(*copies)


asyncio.run(main())
