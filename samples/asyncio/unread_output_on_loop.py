# A step that starts a child process the old way, and blocks the loop until it ends: nobody reads its output.
# expect: pipe-cycle
# tasks: compile
# because: is not read
# snapshot: yes
import asyncio
import subprocess
import sys

COMPILER = "for line in range(100_000): print(line, 'warning: unused')"


async def build(*command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # <- made
    print("hung", flush=True)
    return process.wait()  # <- waits


async def main():
    await asyncio.create_task(build(sys.executable, "-c", COMPILER), name="compile")


asyncio.run(main())
