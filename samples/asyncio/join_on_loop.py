# A coroutine joins a thread that waits for the loop to run a coroutine.
# expect: loop-self-wait
# tasks: stop, uploader
import asyncio
import threading


class Uploader:
    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.thread = threading.Thread(target=self.run, name="uploader", daemon=True)

    async def send(self, data):
        await asyncio.sleep(0.01)
        return len(data)

    def run(self):
        while True:
            sent = asyncio.run_coroutine_threadsafe(self.send(b"data"), self.loop)
            sent.result()  # <- waits

    async def stop(self):
        self.thread.join()  # <- waits


async def main():
    uploader = Uploader()
    uploader.thread.start()
    await asyncio.sleep(0.1)
    print("hung", flush=True)
    await asyncio.create_task(uploader.stop(), name="stop")


asyncio.run(main())
