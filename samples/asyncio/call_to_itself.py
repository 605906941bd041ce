# A handler fetches a page of its own server with a blocking client: the loop that is to answer waits for the
# answer.
# expect: loop-self-wait
# tasks: handle
# because: is served by this process
# snapshot: yes
import asyncio
import urllib.request


class Site:
    async def start(self):
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0)  # <- made
        self.port = server.sockets[0].getsockname()[1]

    def fetch(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}").read()  # <- waits

    async def handle(self, reader, writer):
        request = await reader.readline()
        while (await reader.readline()).strip():
            pass
        body = self.fetch("/menu") if b"/page" in request else b"menu"
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        writer.close()


async def main():
    site = Site()
    await site.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /page HTTP/1.0\r\n\r\n")
    print("hung", flush=True)
    print(await reader.read())


asyncio.run(main())
