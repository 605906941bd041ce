# A job in a thread waits for an item of a queue whose only producer has stopped.
# expect: queue-no-producer
# tasks: convert
# resource: frames
import asyncio
import queue


class Camera:
    def __init__(self):
        self.frames = queue.Queue(maxsize=8)

    def record(self, count):
        for number in range(count):
            self.frames.put(number)

    def convert(self):
        converted = []
        while len(converted) < 4:
            converted.append(self.frames.get())  # <- waits
        return converted


async def main():
    camera = Camera()
    loop = asyncio.get_running_loop()
    film = loop.run_in_executor(None, camera.convert)
    await loop.run_in_executor(None, camera.record, 3)  # one too few
    print("hung", flush=True)
    print(await film)


asyncio.run(main())
