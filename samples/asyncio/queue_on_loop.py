# A coroutine takes from a queue of threads, and the whole loop waits with it.
# expect: blocked-loop
# tasks: consume
import asyncio
import queue
import threading
import time


class Sensor:
    def __init__(self):
        self.values = queue.Queue()

    def watch(self):
        for number in range(1000):
            time.sleep(0.05)
            if number % 200 == 199:
                self.values.put(number)

    async def consume(self):
        return self.values.get()  # <- waits


async def main():
    sensor = Sensor()
    threading.Thread(target=sensor.watch, daemon=True).start()
    print("hung", flush=True)
    await asyncio.create_task(sensor.consume(), name="consume")


asyncio.run(main())
