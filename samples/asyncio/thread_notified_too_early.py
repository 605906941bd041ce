# A thread waits for a notification that was sent before it began to wait.
# expect: lost-wakeup
# tasks: serve
# resource: changed
import asyncio
import threading
import time


class Settings:
    def __init__(self):
        self.changed = threading.Condition()

    def load(self):
        with self.changed:
            self.changed.notify_all()  # nobody waits yet

    def serve(self):
        time.sleep(0.2)  # reads its templates first
        with self.changed:
            self.changed.wait()  # <- waits
        return "serving"


async def main():
    settings = Settings()
    serving = asyncio.create_task(asyncio.to_thread(settings.serve))
    await asyncio.to_thread(settings.load)
    print("hung", flush=True)
    print(await serving)


asyncio.run(main())
