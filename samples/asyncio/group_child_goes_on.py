# One task of a group fails, so the group asks the others to end. One of them takes that for an error of its work.
# expect: ignored-cancel
# tasks: collect, main
# because: the request broke off its wait
# python: 3.11
import asyncio


async def collect(readings):
    total = 0
    while True:
        try:
            total += await readings.get()  # <- waits
        except BaseException as error:
            print("skipped:", type(error).__name__)


async def measure(readings):
    for divisor in 2, 1, 0:
        readings.put_nowait(100 // divisor)
        await asyncio.sleep(0.01)


async def main():
    readings = asyncio.Queue()
    print("hung", flush=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(collect(readings), name="collect")
        group.create_task(measure(readings), name="measure")


asyncio.run(main())
