# An echo server and its clients, in the middle of their work when they are killed.
# expect: nothing
import asyncio


class Echo:
    def __init__(self):
        self.count = 0
        self.lock = asyncio.Lock()

    async def connected(self, reader, writer):
        while True:
            line = await reader.readline()
            async with self.lock:
                self.count += 1
            writer.write(line)
            await writer.drain()


async def client(address, number):
    reader, writer = await asyncio.open_connection(*address)
    while True:
        writer.write(b"hello from %d\n" % number)
        await reader.readline()
        await asyncio.sleep(0.002)


async def main():
    server = await asyncio.start_server(Echo().connected, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    clients = [asyncio.create_task(client(address, i), name=f"client-{i}") for i in range(5)]
    await asyncio.sleep(0.1)
    print("idle", flush=True)
    await asyncio.gather(*clients)


asyncio.run(main())
