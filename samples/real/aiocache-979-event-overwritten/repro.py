"""aiocache: RedLock keeps one asyncio.Event for a key, and waiters wait on the one that they find.
Between the moment in which the lock is free in Redis and the one in which its holder hears of that,
somebody else can take it and put a new event in the place of the old one.  The holder then sets the
new one, and who waits on the old one waits for ever."""
import asyncio

from aiocache import Cache
from aiocache.lock import RedLock

PORT = 54943


class SlowLine:
    """Passes on requests at once, and replies late."""

    async def serve(self, reader, writer):
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", PORT)
        await asyncio.gather(self.copy(reader, server_writer, 0),
                             self.copy(server_reader, writer, 0.2))

    async def copy(self, reader, writer, delay):
        while data := await reader.read(4096):
            await asyncio.sleep(delay)
            writer.write(data)
        writer.close()


async def work(cache, name, seconds):
    try:
        async with RedLock(cache, "report", lease=None):       # <- the waiter waits here
            print(name, "works", flush=True)
            await asyncio.sleep(seconds)
    except KeyError:
        print(name, "lost the event", flush=True)


async def main():
    line = await asyncio.start_server(SlowLine().serve, "127.0.0.1", 0)
    far = Cache(Cache.REDIS, endpoint="127.0.0.1", port=line.sockets[0].getsockname()[1])
    near = Cache(Cache.REDIS, endpoint="127.0.0.1", port=PORT)
    await near.delete("report-lock")
    await far.exists("report")                     # both are connected now
    holder = asyncio.create_task(work(far, "holder", 0.2), name="holder")
    await asyncio.sleep(0.3)
    waiter = asyncio.create_task(work(near, "waiter", 0), name="waiter")
    await asyncio.sleep(0.2)                       # free in Redis; the holder does not know yet
    newcomer = asyncio.create_task(work(near, "newcomer", 0.3), name="newcomer")
    await asyncio.gather(holder, newcomer)
    await far.close()
    await near.close()
    line.close()
    print("waiting for the waiter", flush=True)
    await waiter
    print("all done")


asyncio.run(main())
