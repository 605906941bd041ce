# Client and server each send a large message before they read: neither connection is drained.
# expect: pipe-cycle
# tasks: main, serve
# because: 'serve' alone has the other end
# snapshot: yes
import asyncio

MESSAGE = b"x" * 20_000_000


async def serve(reader, writer):
    writer.write(MESSAGE)
    await writer.drain()  # <- waits
    await reader.readexactly(len(MESSAGE))


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(MESSAGE)
    print("hung", flush=True)
    await writer.drain()  # <- waits
    await reader.readexactly(len(MESSAGE))


asyncio.run(main())
