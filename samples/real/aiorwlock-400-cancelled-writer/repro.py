"""aiorwlock 1.4.0: a writer that is cancelled while it waits takes one from the count of writers,
although it was never counted. At -1 the lock looks taken to everybody: nobody holds it, nobody gets
it, and nobody is left who would wake the next one."""
import asyncio

import aiorwlock


async def read_config(lock, opened):
    async with lock.reader:
        opened.set()
        await asyncio.sleep(0.2)
    print("read the configuration", flush=True)


async def reload_config(lock):
    async with lock.writer:                         # gives up while the reader is at it
        print("never reached")


async def serve(lock):
    async with lock.reader:                         # <- the lock is free, and closed for ever
        print("served", flush=True)


async def main():
    lock = aiorwlock.RWLock()
    opened = asyncio.Event()
    reader = asyncio.create_task(read_config(lock, opened), name="reader")
    await opened.wait()
    try:
        await asyncio.wait_for(reload_config(lock), timeout=0.05)
    except asyncio.TimeoutError:
        print("reload timed out", flush=True)
    await reader
    print("the lock is free again", flush=True)
    await asyncio.create_task(serve(lock), name="server")


asyncio.run(main())
