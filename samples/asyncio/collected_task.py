"""Nobody keeps the task: it is collected in the middle of its work, with the lock in its hands."""
# expect: abandoned-lock
# tasks: main, refresh
# resource: lock
# because: collected
# also: destroyed-pending
import asyncio
import gc


async def refresh(lock):
    await lock.acquire()  # <- holds
    await asyncio.get_running_loop().create_future()


async def main():
    lock = asyncio.Lock()
    asyncio.create_task(refresh(lock))
    await asyncio.sleep(0.05)
    gc.collect()
    print("hung", flush=True)
    await lock.acquire()  # <- waits


asyncio.run(main())
