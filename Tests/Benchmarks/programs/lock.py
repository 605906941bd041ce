"""A lock that nobody else wants, taken and given back a million times."""
import asyncio


async def main():
    lock = asyncio.Lock()
    for _ in range(1_000_000):
        async with lock:
            pass


asyncio.run(main())
