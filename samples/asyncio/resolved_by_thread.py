# A thread puts an item into an asyncio queue by itself: the consumer is made ready, and the loop sleeps on.
# expect: wrong-thread-wakeup
# tasks: main
import asyncio
import threading
import time


def read_sensor(readings):
    time.sleep(0.1)
    readings.put_nowait(21.5)  # <- puts


async def main():
    readings = asyncio.Queue()
    threading.Thread(target=read_sensor, args=(readings,)).start()
    print("hung", flush=True)
    print(await readings.get())  # <- waits


asyncio.run(main())
