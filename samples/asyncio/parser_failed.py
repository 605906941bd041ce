# A client fails on a reply: asyncio logs that and closes the connection, and the requests that are open stay so.
# expect: orphaned-future
# tasks: main
# because: raised UnicodeDecodeError
# snapshot: yes
import asyncio


class Client(asyncio.Protocol):
    replies = []

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.replies.pop(0).set_result(data.decode("ascii"))

    async def ask(self, question):
        reply = asyncio.get_running_loop().create_future()
        self.replies.append(reply)
        self.transport.write(question.encode() + b"\n")
        return await reply  # <- waits


async def answer(reader, writer):
    while line := await reader.readline():
        writer.write("n\u00e9ant\n".encode("latin-1") if line == b"three\n" else b"ok\n")
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(Client, *server.sockets[0].getsockname())
    await client.ask("one")
    print("hung", flush=True)
    await client.ask("three")


asyncio.run(main())
