"""Forks after Swift has run: the child goes on in Python, and hangs there if the last argument says so."""
import asyncio
import os
import sys
import warnings

from module import answer_to, swift

warnings.simplefilter("ignore", DeprecationWarning)


async def ask(question):
    future = asyncio.get_running_loop().create_future()
    swift.answer_later(question, answer_to(future))
    return await future


async def lock_twice():
    lock = asyncio.Lock()
    async with lock:
        print("hung", flush=True)
        await lock.acquire()


def child():
    asyncio.run(lock_twice() if sys.argv[-1] == "hang" else asyncio.sleep(0.01))


print(asyncio.run(ask(21)), swift.sum_of_squares(10), flush=True)
process = os.fork()
if process == 0:
    child()
    os._exit(0)
print(asyncio.run(ask(4)), os.waitpid(process, 0)[1])
swift.wait_for_calls()
