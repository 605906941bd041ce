# A health check that reads from a blocking socket on the loop's thread.
# expect: blocked-loop
# tasks: check_health
import asyncio
import socket


class HealthCheck:
    def __init__(self, address):
        self.address = address

    def ask(self):
        with socket.create_connection(self.address) as connection:
            connection.sendall(b"PING\n")
            return connection.recv(64)  # <- waits

    async def run(self):
        print("hung", flush=True)
        return self.ask()


async def main():
    # A backend that accepts connections and never answers.
    backend = socket.socket()
    backend.bind(("127.0.0.1", 0))
    backend.listen()
    check = HealthCheck(backend.getsockname())
    await asyncio.create_task(check.run(), name="check_health")


asyncio.run(main())
