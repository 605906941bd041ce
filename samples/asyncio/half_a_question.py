# A question to a child process lacks the end of its line: each waits for the other to say something.
# expect: pipe-cycle
# tasks: ask
# because: is blocked in a read
# snapshot: yes
import asyncio
import sys
from asyncio.subprocess import PIPE

ECHO = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)"


async def ask(child, question):
    child.stdin.write(question)
    await child.stdin.drain()
    print("hung", flush=True)
    return await child.stdout.readline()  # <- waits


async def main():
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ECHO, stdin=PIPE, stdout=PIPE)
    await asyncio.create_task(ask(child, b"what"), name="ask")


asyncio.run(main())
