# A thread that reads from a device hands what it gets to a task of the loop.
# expect: nothing
import asyncio
import socket
import threading


class Device:
    def __init__(self, loop):
        self.loop = loop
        self.readings = asyncio.Queue()
        self.port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port.bind(("127.0.0.1", 0))

    def read(self):
        for reading in range(3):
            self.loop.call_soon_threadsafe(self.readings.put_nowait, reading)
        while True:
            reading = self.port.recv(64)
            self.loop.call_soon_threadsafe(self.readings.put_nowait, reading)

    async def store(self):
        while True:
            await self.readings.get()


async def main():
    device = Device(asyncio.get_running_loop())
    threading.Thread(target=device.read, daemon=True).start()
    store = asyncio.create_task(device.store(), name="store")
    await asyncio.sleep(0.05)
    print("idle", flush=True)
    await store


asyncio.run(main())
