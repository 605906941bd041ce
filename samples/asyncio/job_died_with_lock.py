# A job fails between taking a lock and giving it back.
# expect: abandoned-lock
# tasks: store, scan
# resource: disk
import asyncio
import threading


class Disk:
    def __init__(self):
        self.disk = threading.Lock()

    def scan(self, sectors):
        self.disk.acquire()  # <- holds
        total = sum(100 / sector for sector in sectors)
        self.disk.release()
        return total

    def store(self, data):
        with self.disk:  # <- waits
            return len(data)


async def main():
    disk = Disk()
    try:
        await asyncio.to_thread(disk.scan, [1, 0])
    except ZeroDivisionError:
        pass
    print("hung", flush=True)
    await asyncio.to_thread(disk.store, b"data")


asyncio.run(main())
