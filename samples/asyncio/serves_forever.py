# A server whose main task waits for a future that nobody has: the usual way to serve until killed. A
# worker whose queue nothing can reach any more is left behind, and harmless.
# expect: nothing
# snapshot: yes
import asyncio


async def echo(reader, writer):
    writer.write(await reader.readline())
    writer.close()


async def work(queue):
    while True:
        await queue.get()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    left_behind = asyncio.create_task(work(asyncio.Queue()))
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello\n")
    await reader.readline()
    print("idle", flush=True)
    writer.close()
    await asyncio.get_running_loop().create_future()


asyncio.run(main())
