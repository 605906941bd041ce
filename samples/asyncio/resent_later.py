# The server has hung up before it answered. The client connects anew after a pause, and asks once more.
# expect: nothing
# snapshot: yes
import asyncio


class Connection(asyncio.Protocol):
    def __init__(self, client):
        self.client = client

    def connection_made(self, transport):
        self.client.transport = transport
        for number in self.client.pending:
            transport.write(b"%d\n" % number)

    def data_received(self, data):
        for line in data.split():
            self.client.pending.pop(int(line)).set_result(line)

    def connection_lost(self, error):
        asyncio.get_running_loop().call_later(60, self.client.start)


class Client:
    def __init__(self, port):
        self.port = port
        self.pending = {}

    def start(self):
        self.connecting = asyncio.ensure_future(self.connect())

    async def connect(self):
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.port)

    async def ask(self, number):
        answer = self.pending[number] = asyncio.get_running_loop().create_future()
        self.transport.write(b"%d\n" % number)
        return await answer


async def serve(reader, writer):
    for _ in range(2):
        writer.write(await reader.readline())
    await reader.readline()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = Client(server.sockets[0].getsockname()[1])
    await client.connect()
    await client.ask(1)
    await client.ask(2)
    print("idle", flush=True)
    await client.ask(3)


asyncio.run(main())
