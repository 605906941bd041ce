"""Ten producers and ten consumers at one queue of a hundred places: few operations wait."""
import asyncio


async def produce(queue, items):
    for item in range(items):
        await queue.put(item)


async def consume(queue, items):
    for _ in range(items):
        await queue.get()
        queue.task_done()


async def main():
    queue = asyncio.Queue(100)
    await asyncio.gather(*(produce(queue, 60_000) for _ in range(10)),
                         *(consume(queue, 60_000) for _ in range(10)))


asyncio.run(main())
