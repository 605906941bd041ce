# Child processes that take their time: one is read slowly, one waits for questions of clients, one works.
# expect: nothing
# snapshot: yes
import asyncio
import sys
from asyncio.subprocess import PIPE

TALK = "for line in range(100_000): print(line, 'and more' * 10)"
ECHO = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)"


async def start(code):
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=PIPE, stdout=PIPE)


async def show(child):
    while await child.stdout.readline():
        await asyncio.sleep(60)


async def main():
    work = "import time; time.sleep(60)"
    talker, echo, worker = [await start(code) for code in (TALK, ECHO, work)]

    async def answer(reader, writer):
        echo.stdin.write(await reader.readline())
        writer.write(await echo.stdout.readline())

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    slow = asyncio.create_task(show(talker))
    print("idle", flush=True)
    await asyncio.gather(talker.wait(), echo.wait(), worker.wait())


asyncio.run(main())
