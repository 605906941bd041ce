# Timers, a ticker that can be told to stop, and a lock that is held for long, but not for ever.
# expect: nothing
import asyncio
import threading
import time


class Meter:
    def __init__(self):
        self.stopped = threading.Event()
        self.lock = threading.RLock()
        self.values = []

    def tick(self):
        while not self.stopped.wait(0.05):
            with self.lock:
                self.values.append(time.monotonic())

    def freeze(self):
        with self.lock:
            time.sleep(60)


async def main():
    meter = Meter()
    threading.Thread(target=meter.tick, daemon=True).start()
    await asyncio.sleep(0.2)
    freezer = threading.Timer(0.1, meter.freeze)
    freezer.daemon = True
    freezer.start()
    late = threading.Event()
    asyncio.get_running_loop().call_later(600, late.set)
    print("idle", flush=True)
    await asyncio.to_thread(late.wait)


asyncio.run(main())
