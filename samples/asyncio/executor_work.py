# Jobs in threads that end, and one that waits for a client from outside when it is killed.
# expect: nothing
import asyncio
import socket


class Mailbox:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))

    def checksum(self, size):
        return sum(range(size))

    def receive(self):
        connection, _ = self.listener.accept()
        return connection.recv(1)


async def main():
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    sums = [loop.run_in_executor(None, mailbox.checksum, size) for size in (10, 100, 1000)]
    assert await asyncio.gather(*sums) == [45, 4950, 499500]
    mail = loop.run_in_executor(None, mailbox.receive)
    print("idle", flush=True)
    await mail


asyncio.run(main())
