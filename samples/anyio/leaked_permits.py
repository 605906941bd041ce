# Each failed download keeps its permit, until none is left.
# expect: leaked-permit
# requires: anyio
# tasks: late, first, second
# resource: limit
import asyncio

import anyio


async def download(limit, works):
    await limit.acquire()
    if not works:
        return
    limit.release()


async def main():
    limit = anyio.Semaphore(2)
    for name in ("first", "second"):
        await asyncio.create_task(download(limit, works=False), name=name)
    print("hung", flush=True)
    await asyncio.create_task(last(limit), name="late")


async def last(limit):
    await limit.acquire()  # <- waits
    limit.release()


anyio.run(main)
