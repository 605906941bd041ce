# Every thread that the limiter allows asks the loop for one more, and waits for it.
# expect: permit-exhaustion
# requires: anyio
# tasks: copy
# resource: threads
import anyio
from anyio import from_thread, to_thread


def read(threads):
    return from_thread.run(convert, threads)


async def convert(threads):
    return await to_thread.run_sync(str, limiter=threads)  # <- waits


async def copy(threads):
    return await to_thread.run_sync(read, threads, limiter=threads)  # <- holds


async def main():
    threads = anyio.CapacityLimiter(2)
    async with anyio.create_task_group() as group:
        group.start_soon(copy, threads, name="copy a")
        group.start_soon(copy, threads, name="copy b")
        await anyio.sleep(0.2)
        print("hung", flush=True)


anyio.run(main)
