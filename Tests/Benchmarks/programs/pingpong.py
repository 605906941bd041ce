"""Fifty pairs of tasks that hand an item to each other through two queues: every get waits."""
import asyncio


async def side(mine, other, turns):
    for _ in range(turns):
        await mine.get()
        other.put_nowait(1)


async def main():
    pairs = []
    for _ in range(50):
        a, b = asyncio.Queue(), asyncio.Queue()
        a.put_nowait(1)
        pairs += [side(a, b, 3000), side(b, a, 3000)]
    await asyncio.gather(*pairs)


asyncio.run(main())
