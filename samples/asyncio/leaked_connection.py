# A pool that is a queue. What fails on the way out of the block keeps the only connection.
# expect: leaked-permit
# tasks: main
# resource: idle
import asyncio
import contextlib


class Pool:
    def __init__(self):
        self.idle = asyncio.LifoQueue(maxsize=1)
        self.idle.put_nowait("connection")

    @contextlib.asynccontextmanager
    async def take(self):
        connection = await self.idle.get()
        yield connection
        self.idle.put_nowait(connection)


async def store(pool, text):
    async with pool.take() as connection:  # <- waits
        return connection, text.encode("ascii")


async def main():
    pool = Pool()
    for text in ("fine", "caf\xe9", "never"):
        with contextlib.suppress(UnicodeEncodeError):
            await store(pool, text)
        if text != "fine":
            print("hung", flush=True)


asyncio.run(main())
