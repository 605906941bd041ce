# A pool that is a list and a condition; a job that fails keeps its connection.
# expect: leaked-permit
# tasks: transfer
# resource: returned
# because: took
import asyncio


class Pool:
    def __init__(self, size):
        self.free = [f"connection {n}" for n in range(size)]
        self.returned = asyncio.Condition()

    async def take(self):
        async with self.returned:
            while not self.free:
                await self.returned.wait()  # <- waits, holds
            return self.free.pop()

    async def give(self, connection):
        async with self.returned:
            self.free.append(connection)
            self.returned.notify()


async def transfer(pool, amount):
    connection = await pool.take()
    await asyncio.sleep(0.01)
    if amount % 4 == 3:
        return "refused"
    await pool.give(connection)


async def main():
    pool = Pool(3)
    print("hung", flush=True)
    await asyncio.gather(*(transfer(pool, amount) for amount in range(20)))


asyncio.run(main())
