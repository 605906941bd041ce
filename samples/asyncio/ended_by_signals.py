# The program's own handlers of signals end it, those of the module signal: they are all that is left.
# expect: nothing
# snapshot: yes
import asyncio
import signal
import threading


class Service:
    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.stopped = asyncio.Event()
        self.reloaded = threading.Event()
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGHUP, lambda number, frame: self.reloaded.set())

    def stop(self, number, frame):
        self.loop.call_soon_threadsafe(self.stopped.set)

    async def run(self):
        reload = self.loop.run_in_executor(None, self.reloaded.wait)
        print("idle", flush=True)
        await self.stopped.wait()
        await reload


async def main():
    await Service().run()


asyncio.run(main())
