# A build step waits for a compiler to end whose output nobody reads: the pipe holds 64 KB.
# expect: pipe-cycle
# tasks: compile
# because: is not read
# snapshot: yes
import asyncio
import sys
from asyncio.subprocess import PIPE

COMPILER = "for line in range(100_000): print(line, 'warning: unused')"


async def build(*command):
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)  # <- made
    print("hung", flush=True)
    return await process.wait()  # <- waits


async def main():
    await asyncio.create_task(build(sys.executable, "-c", COMPILER), name="compile")


asyncio.run(main())
