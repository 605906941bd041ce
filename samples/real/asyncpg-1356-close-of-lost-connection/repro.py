"""asyncpg < 0.32.0: a query timed out, and its cancellation awaits the server's word on it.  The
connection breaks before that.  The query's own future is resolved then, the one of the cancellation
is forgotten, and close(), which awaits it first, never returns, whatever its timeout is."""
import asyncio

import asyncpg


class Proxy:
    """Between the program and the server; it can stop to pass on anything, and break."""

    def __init__(self):
        self.frozen, self.writers = asyncio.Event(), []

    async def serve(self, reader, writer):
        if self.frozen.is_set():                   # the request to cancel the query gets lost
            return writer.close()
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", 54938)
        self.writers += [writer, server_writer]
        await asyncio.gather(self.copy(reader, server_writer), self.copy(server_reader, writer))

    async def copy(self, reader, writer):
        while data := await reader.read(4096):
            if not self.frozen.is_set():
                writer.write(data)

    def break_down(self):
        self.listener.close()
        for writer in self.writers:
            writer.close()
        print("the connection broke", flush=True)


async def main():
    proxy = Proxy()
    proxy.listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = proxy.listener.sockets[0].getsockname()[1]
    connection = await asyncpg.connect(host="127.0.0.1", port=port, user="postgres", ssl=False)
    proxy.frozen.set()
    try:
        await connection.execute("select 1", timeout=0.2)      # <- asks for the cancellation
    except asyncio.TimeoutError:
        print("query timed out", flush=True)
    asyncio.get_running_loop().call_later(0.1, proxy.break_down)
    await connection.close(timeout=1)              # <- waits here for the cancellation
    print("closed")


asyncio.run(main())
