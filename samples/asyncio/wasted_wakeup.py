"""A notification goes to a worker that is cancelled before it runs; the other one sleeps on."""
# expect: lost-wakeup
# tasks: second
# resource: ready
# because: which was cancelled
# fixed: 3.13
import asyncio


async def worker(ready):
    async with ready:
        await ready.wait()  # <- waits


async def main():
    ready = asyncio.Condition()
    first = asyncio.create_task(worker(ready), name="first")
    second = asyncio.create_task(worker(ready), name="second")
    await asyncio.sleep(0.05)
    async with ready:
        ready.notify()
    first.cancel()
    print("hung", flush=True)
    await asyncio.gather(first, second, return_exceptions=True)


asyncio.run(main())
