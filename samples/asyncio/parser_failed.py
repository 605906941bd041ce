# A client's protocol fails on a reply that it does not understand: asyncio logs that and closes the connection, and the
# requests that are open stay so.
# expect: orphaned-future
# tasks: main
# because: raised UnicodeDecodeError
# snapshot: yes
import asyncio


class Client(asyncio.Protocol):
    def __init__(self):
        self.replies = []

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        for line in data.splitlines():
            self.replies.pop(0).set_result(line.decode("ascii"))  # <- raises

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
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    _, client = await loop.create_connection(Client, *server.sockets[0].getsockname())
    for question in "one", "two", "three":
        if question == "three":
            print("hung", flush=True)
        await client.ask(question)


asyncio.run(main())
