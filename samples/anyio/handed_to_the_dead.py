# release() hands the lock over, and the new owner is cancelled before it runs and takes it along.
# expect: abandoned-lock
# requires: anyio==3.3.4
# tasks: heir, victim
# resource: lock
import asyncio

import anyio


async def use(lock):
    async with lock:  # <- waits
        await asyncio.sleep(0.01)


async def main():
    lock = anyio.Lock()
    await lock.acquire()
    victim = asyncio.create_task(use(lock), name="victim")
    heir = asyncio.create_task(use(lock), name="heir")
    await asyncio.sleep(0.05)
    lock.release()  # <- holds
    victim.cancel()
    await asyncio.wait([victim])
    print("hung", flush=True)
    await heir


asyncio.run(main())
