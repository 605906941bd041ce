# The task that fills a queue has failed. The one that watches over it starts it anew, after a pause.
# expect: nothing
# snapshot: yes
import asyncio


class Client:
    def __init__(self):
        self.replies = asyncio.Queue()
        self.watch = asyncio.create_task(self.keep_reading(), name="watch")

    async def keep_reading(self):
        while True:
            reader = asyncio.create_task(self.read(), name="reader")
            await asyncio.wait([reader])
            await asyncio.sleep(60)

    async def read(self):
        for number in range(3):
            await asyncio.sleep(0.01)
            await self.replies.put(number)
        raise ConnectionResetError("the peer has gone")


async def main():
    client = Client()
    for _ in range(3):
        await client.replies.get()
    print("idle", flush=True)
    await client.replies.get()


asyncio.run(main())
