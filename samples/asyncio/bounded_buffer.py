# A buffer built of a condition: one side always waits for the other, and both go on.
# expect: nothing
import asyncio
import threading
import time


class Buffer:
    def __init__(self, limit):
        self.changed = threading.Condition()
        self.items = []
        self.limit = limit

    def put(self, item):
        with self.changed:
            self.changed.wait_for(lambda: len(self.items) < self.limit)
            self.items.append(item)
            self.changed.notify_all()

    def get(self):
        with self.changed:
            self.changed.wait_for(lambda: self.items)
            self.changed.notify_all()
            return self.items.pop(0)


def produce(buffer):
    while True:
        buffer.put(time.sleep(0.001))


async def main():
    buffer = Buffer(2)
    threading.Thread(target=produce, args=(buffer,), daemon=True).start()
    print("idle", flush=True)
    while True:
        await asyncio.to_thread(buffer.get)


asyncio.run(main())
