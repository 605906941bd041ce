# Lines are sent to a sorter, which can begin only when its input ends; nobody closes it.
# expect: pipe-cycle
# tasks: sort
# because: is blocked in a read
# snapshot: yes
import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE

SORTER = "import sys; print(sorted(sys.stdin))"


async def sort(lines):
    sorter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SORTER, stdin=PIPE, stdout=DEVNULL)
    sorter.stdin.writelines(lines)
    await sorter.stdin.drain()
    print("hung", flush=True)
    return await sorter.wait()  # <- waits


async def main():
    await asyncio.create_task(sort([b"b\n", b"a\n"]), name="sort")


asyncio.run(main())
