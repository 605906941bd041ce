# A pool of one connection, which an answer keeps until it has been read. The first one is not, so the second
# request is never let in. A server that others may call goes on.
# expect: orphaned-future
# tasks: main
# because: came through
# snapshot: yes
import asyncio


class Client:
    def __init__(self, address):
        self.address = address
        self.is_busy = False
        self.line = []

    async def connect(self):
        if self.is_busy:
            turn = asyncio.get_running_loop().create_future()
            self.line.append(turn)
            await turn  # <- waits
        self.is_busy = True
        return await asyncio.open_connection(*self.address)

    def release(self, writer):
        writer.close()
        self.is_busy = False
        if self.line:
            self.line.pop(0).set_result(None)

    async def get(self):
        reader, writer = await self.connect()
        return Answer(self, reader, writer)


class Answer:
    def __init__(self, client, reader, writer):
        self.client, self.reader, self.writer = client, reader, writer

    async def text(self):
        try:
            return await self.reader.read()
        finally:
            self.client.release(self.writer)


async def answer(reader, writer):
    writer.write(b"hello")
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = Client(server.sockets[0].getsockname())
    for page in range(2):
        print("hung" if page else "asks", flush=True)
        first = await client.get()
    print(await first.text())


asyncio.run(main())
