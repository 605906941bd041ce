"""aiohttp 3.11.10: a response arrives faster than it is read, so the connection is told to pause; the
same piece of data holds its end, so the connection goes back to the pool, still paused. The next
request gets it and waits for a response that lies in the socket and is not read."""
import asyncio

import aiohttp


async def serve(reader, writer):
    """A server that knows one page and keeps its connections open."""
    async for line in reader:
        if line.startswith(b"GET"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8000\r\n\r\n" + b"x" * 8000)
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    session = aiohttp.ClientSession(read_bufsize=1000, timeout=aiohttp.ClientTimeout(total=None))
    page = await session.get(url)
    print("first page:", page.status, flush=True)
    other = await session.get(url)                  # <- before the first was read
    print("other page:", other.status, len(await other.read()))
    print("first page:", len(await page.read()))
    await session.close()
    server.close()
    await server.wait_closed()


asyncio.run(main())
