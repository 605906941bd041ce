# A retry that sleeps with time.sleep instead of asyncio.sleep.
# expect: blocked-loop
# tasks: upload
import asyncio
import time


class Uploader:
    def __init__(self):
        self.attempts = 0

    async def send(self):
        self.attempts += 1
        return self.attempts > 1

    async def upload(self):
        while not await self.send():
            print("hung", flush=True)
            time.sleep(3600)  # <- waits


async def heartbeat():
    while True:
        await asyncio.sleep(0.05)


async def main():
    beat = asyncio.create_task(heartbeat(), name="heartbeat")
    await asyncio.sleep(0.1)
    await asyncio.create_task(Uploader().upload(), name="upload")
    beat.cancel()


asyncio.run(main())
