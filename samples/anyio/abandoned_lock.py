# The lock is taken, and an error leaves the task before it is given back.
# expect: abandoned-lock
# requires: anyio
# tasks: reader, writer
# resource: page_lock
import asyncio

import anyio


async def write(page_lock):
    await page_lock.acquire()  # <- holds
    raise OSError("disk full")


async def read(page_lock):
    async with page_lock:  # <- waits
        print("read")


async def main():
    page_lock = anyio.Lock()
    writer = asyncio.create_task(write(page_lock), name="writer")
    await asyncio.wait([writer])
    print("hung", flush=True)
    print("writer ended with", writer.exception())
    await asyncio.create_task(read(page_lock), name="reader")


anyio.run(main)
