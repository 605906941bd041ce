# asyncio.run asks a task to end; the task takes the request for an error of its work and goes on.
# expect: ignored-cancel
# tasks: poll
import asyncio


class Poller:
    def __init__(self):
        self.jobs = asyncio.Queue()

    async def poll(self):
        while True:
            try:
                job = await self.jobs.get()  # <- waits
                job()
            except BaseException as error:
                print("job failed:", repr(error), flush=True)


async def main():
    poller = Poller()
    polling = asyncio.create_task(poller.poll(), name="poll")
    await poller.jobs.put(dict)
    await asyncio.sleep(0.05)
    print("hung", polling.done(), flush=True)


asyncio.run(main())
