# A waiter is cancelled as the lock is released: it still stands in line, so the next one waits behind it.
# expect: stranded-waiter
# requires: anyio==4.12.1
# tasks: writer
# resource: page_lock
import asyncio

import anyio


async def read(page_lock):
    async with page_lock:
        print("read")


async def write(page_lock):
    await page_lock.acquire()
    reader = asyncio.create_task(read(page_lock), name="reader")
    await anyio.sleep(0.05)
    reader.cancel()
    page_lock.release()
    await page_lock.acquire()  # <- waits


async def main():
    page_lock = anyio.Lock()  # <- made
    writer = asyncio.create_task(write(page_lock), name="writer")
    await anyio.sleep(0.2)
    print("hung", flush=True)
    await writer


anyio.run(main)
