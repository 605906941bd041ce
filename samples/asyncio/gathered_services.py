# A program gathers what runs for ever. Some of it has nothing more to come: subscribers of news that were told all, an
# actor whose senders have ended, candidates behind the one that leads.
# expect: nothing
# snapshot: yes
import asyncio


class Actor:
    def __init__(self):
        self.mail = []
        self.waiting = None

    def tell(self, letter):
        self.mail.append(letter)
        if self.waiting and not self.waiting.done():
            self.waiting.set_result(None)

    async def run(self):
        while True:
            while not self.mail:
                self.waiting = asyncio.get_running_loop().create_future()
                await self.waiting
            self.mail.pop(0)


async def listen(news):
    while True:
        await news.get()


async def publish(queues):
    for number in range(3):
        for queue in queues:
            queue.put_nowait(number)
        await asyncio.sleep(0.02)


async def lead(leadership, deposed):
    async with leadership:
        await deposed.wait()


async def tick():
    while True:
        await asyncio.sleep(0.1)


async def main():
    actor, queues = Actor(), [asyncio.Queue(), asyncio.Queue()]
    leadership, deposed = asyncio.Lock(), asyncio.Event()
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    services = [asyncio.create_task(service) for service in (
        *(listen(queue) for queue in queues), actor.run(), lead(leadership, deposed),
        lead(leadership, deposed), server.serve_forever(), tick())]
    for number in range(3):
        actor.tell(number)
        await asyncio.sleep(0.02)
    await publish(queues)
    print("idle", flush=True)
    await asyncio.gather(*services)


asyncio.run(main())
