# An outbox that is flushed at shutdown although its sender was never started.
# expect: unfinished-join
# tasks: flush
# resource: outbox
import asyncio


class Mailer:
    def __init__(self):
        self.outbox = asyncio.Queue()

    async def send_all(self):
        while True:
            await self.outbox.get()
            self.outbox.task_done()

    async def flush(self):
        await self.outbox.join()  # <- waits


async def main():
    mailer = Mailer()
    for address in ("ada@example.org", "bob@example.org"):
        mailer.outbox.put_nowait(address)
    flush = asyncio.create_task(mailer.flush(), name="flush")
    print("hung", flush=True)
    await flush


asyncio.run(main())
