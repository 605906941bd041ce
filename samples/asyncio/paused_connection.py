# A connection was told to pause: the reply stays in the socket. A timer could have reached the call.
# expect: orphaned-future
# tasks: main
# snapshot: yes
import asyncio


class Client(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.reply.set_result(data)

    def close_if_idle(self):
        self.reply.done() and self.transport.close()

    async def call(self):
        asyncio.get_running_loop().call_later(0.5, self.close_if_idle)
        self.reply = asyncio.get_running_loop().create_future()  # <- made
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
