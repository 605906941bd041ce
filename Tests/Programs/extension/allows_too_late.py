"""Allows an answer only when it has come: a task of Swift waits for a semaphore that Python would signal."""
import asyncio

from module import answer_to, swift


async def ask():
    future = asyncio.get_running_loop().create_future()
    swift.answer_when_allowed(21, answer_to(future))
    print("hung", flush=True)
    print(await future)
    swift.allow()


async def main():
    await asyncio.create_task(ask(), name="ask")


asyncio.run(main())
