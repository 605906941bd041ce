# A full queue and a taken lock, both in the hands of a task that only takes its time.
# expect: nothing
import asyncio


class Printer:
    def __init__(self):
        self.jobs = asyncio.Queue(maxsize=1)
        self.paper = asyncio.Lock()

    async def print_jobs(self):
        while True:
            job = await self.jobs.get()
            async with self.paper:
                await asyncio.sleep(job)
            self.jobs.task_done()

    async def refill(self):
        async with self.paper:
            return 500

    async def submit(self, jobs):
        for job in jobs:
            await self.jobs.put(job)
        await self.jobs.join()


async def main():
    printer = Printer()
    printing = asyncio.create_task(printer.print_jobs(), name="print_jobs")
    submit = asyncio.create_task(printer.submit([60, 60, 60]), name="submit")
    await asyncio.sleep(0.05)
    refill = asyncio.create_task(printer.refill(), name="refill")
    print("idle", flush=True)
    await asyncio.gather(printing, submit, refill)


asyncio.run(main())
