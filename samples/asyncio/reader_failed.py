# The one task that fills a queue has failed, and nobody looked. A ticker that could reach the queue goes on.
# expect: queue-no-producer
# tasks: main
# because: ended with ConnectionResetError
# snapshot: yes
import asyncio


class Client:
    def __init__(self):
        self.replies = asyncio.Queue()
        self.calls = 0
        self.reader = asyncio.create_task(self.read(), name="reader")
        self.ticker = asyncio.create_task(self.tick(), name="ticker")

    async def read(self):
        for number in range(3):
            await asyncio.sleep(0.01)
            await self.replies.put(number)
        raise ConnectionResetError("the peer has gone")  # <- runs

    async def tick(self):
        while True:
            await asyncio.sleep(0.3)
            print(f"{self.calls} calls", flush=True)

    async def call(self):
        self.calls += 1
        return await self.replies.get()  # <- waits


async def main():
    client = Client()
    for _ in range(3):
        await client.call()
    print("hung", flush=True)
    await client.call()


asyncio.run(main())
