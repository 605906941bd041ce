# A task keeps its own list of work in a queue: it puts back what is not done yet. It takes one item too many.
# expect: queue-no-producer
# tasks: main
# resource: work
import asyncio


async def main():
    work = asyncio.Queue()
    for part in range(3):
        work.put_nowait(part)
    for _ in range(3):
        part = await work.get()
        work.put_nowait(part + 10)
    print("hung", flush=True)
    for _ in range(4):
        await work.get()  # <- waits


asyncio.run(main())
