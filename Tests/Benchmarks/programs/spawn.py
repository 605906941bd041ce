"""Tasks that live for one turn of the loop, a hundred at a time."""
import asyncio


async def leaf():
    await asyncio.sleep(0)


async def main():
    for _ in range(1500):
        await asyncio.gather(*(asyncio.create_task(leaf()) for _ in range(100)))


asyncio.run(main())
