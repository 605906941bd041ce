# A listener is closed and opened again. Each time the old one's client may finish first: it is in
# another process, and what it waits for is nobody's business here.
# expect: nothing
# python: 3.12
# snapshot: yes
import asyncio
import sys

CLIENT = "import socket, time; s = socket.create_connection(('127.0.0.1', %d)); time.sleep(%f)"


class Silent(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        connected.set()


async def listen(seconds):
    server = await asyncio.get_running_loop().create_server(Silent, "127.0.0.1", 0)
    script = CLIENT % (server.sockets[0].getsockname()[1], seconds)
    connected.clear()
    client = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", script)
    await connected.wait()
    server.close()
    if seconds > 1:
        print("idle", flush=True)
    await server.wait_closed()
    await client.wait()


async def main():
    global connected
    connected = asyncio.Event()
    for seconds in (0.02, 0.02, 20):
        await listen(seconds)


asyncio.run(main())
