# Two loops in two threads: a handler of each asks the other's server with a blocking client.
# expect: loop-self-wait
# tasks: run
# because: is served by this process
# snapshot: yes
import asyncio
import socket
import threading


class Node:
    def __init__(self, started):
        self.started = started

    async def answer(self, reader, writer):
        writer.write(await reader.readline())

    def ask(self, port):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"state\n")
            return connection.recv(64)  # <- waits

    async def run(self):
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.started.wait()
        print("hung", flush=True)
        self.ask(self.other.port)


started = threading.Barrier(2)
one, other = Node(started), Node(started)
one.other, other.other = other, one
threading.Thread(target=lambda: asyncio.run(other.run())).start()
asyncio.run(one.run())
