# A worker that was asked to end takes leave of a peer that does not answer any more.
# expect: orphaned-future
# tasks: worker
# snapshot: yes
import asyncio


async def work(jobs, farewell):
    try:
        while True:
            await jobs.get()
    finally:
        await farewell.wait()  # <- waits


async def main():
    jobs, farewell = asyncio.Queue(), asyncio.Event()
    worker = asyncio.create_task(work(jobs, farewell), name="worker")
    await asyncio.sleep(0.05)
    worker.cancel()
    print("hung", flush=True)
    await asyncio.wait([worker])


asyncio.run(main())
