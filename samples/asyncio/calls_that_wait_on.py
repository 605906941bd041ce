# The main task serves in two sessions. The first one is over; in the second one it waits for whoever may still
# come, and in the meantime nobody has its event but what a client starts.
# expect: nothing
# snapshot: yes
import asyncio


class Session:
    def __init__(self):
        self.over = asyncio.Event()

    async def handle(self, reader, writer):
        await reader.readline()
        self.over.set()
        writer.close()

    async def serve(self, is_asked):
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        if is_asked:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"bye\n")
            await writer.drain()
            await asyncio.sleep(0.05)
        await self.over.wait()
        server.close()


async def main():
    await Session().serve(True)
    print("idle", flush=True)
    await Session().serve(False)


asyncio.run(main())
