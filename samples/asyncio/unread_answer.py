# A pool of one connection, kept until its answer is read. The first is not. A server that others may call goes on.
# expect: orphaned-future
# tasks: main
# because: came through
# snapshot: yes
import asyncio


class Client:
    def __init__(self, address):
        self.address, self.turn = address, None

    async def connect(self):
        if self.turn:
            await self.turn  # <- waits
        self.turn = asyncio.get_running_loop().create_future()
        return await asyncio.open_connection(*self.address)

    async def text(self, reader, writer):
        text = await reader.read()
        writer.close()
        self.turn.set_result(None)
        return text


async def answer(reader, writer):
    writer.write(b"hello")
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = Client(server.sockets[0].getsockname())
    first = await client.connect()
    print("hung", flush=True)
    await client.connect()
    print(await client.text(*first))


asyncio.run(main())
