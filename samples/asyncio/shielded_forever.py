# A flush is shielded from its timeout; at shutdown it is awaited without one, and never ends.
# expect: orphaned-future
# tasks: flush
# resource: drained
import asyncio


class Buffer:
    def __init__(self):
        self.drained = asyncio.Event()
        self.lines = ["a", "b"]

    async def flush(self):
        await self.drained.wait()  # <- waits
        self.lines.clear()


async def close(buffer):
    flush = asyncio.create_task(buffer.flush(), name="flush")
    try:
        await asyncio.wait_for(asyncio.shield(flush), timeout=0.05)
    except asyncio.TimeoutError:
        print("hung", flush=True)
        await flush


async def main():
    buffer = Buffer()
    await asyncio.create_task(close(buffer), name="close")


asyncio.run(main())
