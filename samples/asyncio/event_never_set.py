# A service announces that it is ready only on one of its two ways to start.
# expect: orphaned-future
# tasks: handle_request
# resource: ready
import asyncio


class Service:
    def __init__(self):
        self.ready = asyncio.Event()
        self.settings = {"cache": "warm"}

    async def start(self):
        if self.settings["cache"] == "warm":
            return
        await asyncio.sleep(0.01)
        self.ready.set()

    async def handle_request(self):
        await self.ready.wait()  # <- waits
        return 200


async def main():
    service = Service()
    request = asyncio.create_task(service.handle_request(), name="handle_request")
    await asyncio.create_task(service.start(), name="start")
    print("hung", flush=True)
    print(await request)


asyncio.run(main())
