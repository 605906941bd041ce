# Two services in one process call each other over the network while they hold the lock that the other's
# answer needs.
# expect: lock-cycle
# tasks: update-a, update-b
# snapshot: yes
import asyncio


class Service:
    def __init__(self):
        self.state = asyncio.Lock()

    async def start(self):
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    async def answer(self, reader, writer):
        await reader.readline()
        async with self.state:  # <- waits
            writer.write(b"done\n")

    async def update(self, other):
        async with self.state:  # <- holds
            await asyncio.sleep(0.05)
            reader, writer = await asyncio.open_connection("127.0.0.1", other.port)
            writer.write(b"update\n")
            return await reader.readline()  # <- waits


async def main():
    a, b = Service(), Service()
    await a.start()
    await b.start()
    print("hung", flush=True)
    await asyncio.gather(
        asyncio.create_task(a.update(b), name="update-a"),
        asyncio.create_task(b.update(a), name="update-b"))


asyncio.run(main())
