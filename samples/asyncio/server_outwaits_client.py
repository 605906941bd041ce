# A server is closed while a client's connection stays open: wait_closed() waits for its handler.
# expect: orphaned-future
# tasks: main
# because: 'main' alone has the other end
# python: 3.12
# snapshot: yes
import asyncio


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line)


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello\n")
    print(await reader.readline())
    server.close()
    print("hung", flush=True)
    await server.wait_closed()  # <- waits


asyncio.run(main())
