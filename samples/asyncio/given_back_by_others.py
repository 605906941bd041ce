# Locks and permits whose takers have ended, which others give back: the last of several readers does it for the first,
# a session's close() for its open(), whoever opens a gate for the one that closed it.
# expect: nothing
# snapshot: yes
import asyncio


class Shelf:
    """Many readers or one writer."""

    def __init__(self):
        self.counting = asyncio.Lock()
        self.writing = asyncio.Lock()
        self.readers = 0

    async def enter(self):
        async with self.counting:
            self.readers += 1
            if self.readers == 1:
                await self.writing.acquire()

    async def leave(self):
        async with self.counting:
            self.readers -= 1
            if self.readers == 0:
                self.writing.release()

    async def write(self):
        async with self.writing:
            pass


class Session:
    def __init__(self, limit):
        self.limit = limit

    async def open(self):
        await self.limit.acquire()

    def close(self):
        self.limit.release()


async def main():
    shelf, limit, gate = Shelf(), asyncio.Semaphore(1), asyncio.Lock()
    async with limit:
        await asyncio.sleep(0.01)
    session = Session(limit)

    async def browse():
        await shelf.enter()
        await asyncio.sleep(0.05)
        await shelf.leave()

    async def answer(reader, writer):
        await shelf.leave()
        session.close()
        gate.release()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    await shelf.write()
    first = asyncio.create_task(browse())
    await asyncio.sleep(0.01)
    await shelf.enter()
    await first
    await asyncio.gather(session.open(), gate.acquire())
    print("idle", flush=True)
    await asyncio.gather(shelf.write(), limit.acquire(), gate.acquire())
    server.close()


asyncio.run(main())
