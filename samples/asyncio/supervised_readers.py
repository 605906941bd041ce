# Tasks that fill queues have failed. Each has somebody who will start it anew, once a pause is over.
# expect: nothing
# snapshot: yes
import asyncio


class Client:
    def __init__(self):
        self.replies = asyncio.Queue()
        self.start()
        self.supervisor = asyncio.create_task(self.supervise(), name=type(self).__name__)

    def start(self):
        self.reader = asyncio.create_task(self.read(), name="reader")

    async def read(self):
        for number in range(3):
            await asyncio.sleep(0.01)
            await self.replies.put(number)
        raise ConnectionResetError("the peer has gone")

    async def run(self):
        while True:
            await self.replies.get()


class LooksLater(Client):
    async def supervise(self):
        while True:
            await asyncio.sleep(60)
            if self.reader.done():
                self.start()


class HasSeenIt(Client):
    async def supervise(self):
        while True:
            await asyncio.sleep(0.2)
            if self.reader.done():
                await asyncio.sleep(60)
                self.start()


class CanBeCalled(Client):
    async def supervise(self):
        self.called = asyncio.Event()
        while True:
            try:
                await asyncio.wait_for(self.called.wait(), 60)
            except asyncio.TimeoutError:
                pass
            if self.reader.done():
                self.start()


class IsTold(Client):
    async def supervise(self):
        failures = asyncio.Queue()
        monitor = asyncio.create_task(watch(self.reader, failures), name="monitor")
        while True:
            await failures.get()
            monitor.cancel()
            self.start()


async def watch(task, failures):
    while not task.done():
        await asyncio.sleep(60)
    await failures.put(task)


async def main():
    clients = [LooksLater(), HasSeenIt(), CanBeCalled(), IsTold()]
    print("idle", flush=True)
    await asyncio.gather(*(client.run() for client in clients))


asyncio.run(main())
