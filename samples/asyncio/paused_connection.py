# A connection was told to pause and not to go on: the reply stays in the socket. A timer of its owner, which
# closes idle connections, could reach the call.
# expect: orphaned-future
# tasks: main
# snapshot: yes
import asyncio


class Client(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        self.reply = None

    def data_received(self, data):
        self.reply.set_result(data)

    def close_if_idle(self):
        if self.reply is None:
            self.transport.close()

    async def call(self):
        self.loop.call_later(60, self.close_if_idle)
        self.reply = self.loop.create_future()  # <- made
        self.transport.write(b"hello\n")
        return await self.reply  # <- waits


async def serve(reader, writer):
    async for line in reader:
        writer.write(line)


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    await client.call()
    client.transport.pause_reading()
    print("hung", flush=True)
    await client.call()


asyncio.run(main())
