# Requests take tokens from a bucket; the task that fills it has failed. A ticker that could reach it goes on.
# expect: orphaned-future
# tasks: main
# because: ended with ValueError
# snapshot: yes
import asyncio


class Client:
    def __init__(self):
        self.rate = "3"
        self.tokens = asyncio.Semaphore(0)
        self.filling = asyncio.create_task(self.fill(), name="fill")
        self.ticker = asyncio.create_task(self.tick(), name="ticker")

    async def fill(self):
        while True:
            await asyncio.sleep(0.01)
            for _ in range(int(self.rate)):  # <- runs
                self.tokens.release()

    async def tick(self):
        while True:
            await asyncio.sleep(0.5)
            self.ticks = self.tokens.locked()

    async def request(self):
        await self.tokens.acquire()  # <- waits


async def main():
    client = Client()
    for number in range(30):
        if number == 10:
            client.rate = "fast"
            print("hung", flush=True)
        await client.request()


asyncio.run(main())
