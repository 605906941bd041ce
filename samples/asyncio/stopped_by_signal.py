# A service that runs until a signal asks it to stop.
# expect: nothing
import asyncio
import signal


class Service:
    def __init__(self):
        self.stopping = asyncio.Event()

    async def run(self):
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stopping.set)
        print("idle", flush=True)
        await self.stopping.wait()


async def main():
    await Service().run()


asyncio.run(main())
