# A limit on the rate of requests: the task that lets in more of them dies of a bad setting.
# expect: lost-wakeup
# tasks: client-0, client-1
# resource: changed
# because: was notified last
import asyncio


class Bucket:
    def __init__(self, rates):
        self.changed = asyncio.Condition()
        self.rates, self.tokens = rates, 1

    async def refill(self):
        for rate in self.rates:
            await asyncio.sleep(0.01 / rate)
            async with self.changed:
                self.tokens += 1
                self.changed.notify()

    async def take(self):
        async with self.changed:
            await self.changed.wait_for(lambda: self.tokens > 0)  # <- waits
            self.tokens -= 1


async def client(bucket):
    while True:
        await bucket.take()


async def main():
    bucket = Bucket([2, 1, 0])
    refill = asyncio.create_task(bucket.refill(), name="refill")
    clients = [asyncio.create_task(client(bucket), name=f"client-{n}") for n in range(2)]
    print("hung", flush=True)
    await asyncio.gather(refill, *clients, return_exceptions=True)


asyncio.run(main())
