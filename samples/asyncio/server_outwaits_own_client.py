# A server is closed while a connection that its own process opened to it stays open. It serves by a
# protocol, so no task of its own keeps the connection.
# expect: orphaned-future
# tasks: main
# because: 'main' itself has the other end
# python: 3.12
# snapshot: yes
import asyncio


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\n")
    print(await reader.readline())
    server.close()
    print("hung", flush=True)
    await server.wait_closed()  # <- waits


asyncio.run(main())
