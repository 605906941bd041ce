# A task of a group leaves before the barrier that it was to be at: the others wait, and the group for them.
# expect: short-barrier
# tasks: part-1, part-2
# resource: barrier
# python: 3.11
# snapshot: yes
import asyncio


async def part(barrier, work):
    if not work:
        return
    await barrier.wait()  # <- waits


async def main():
    barrier = asyncio.Barrier(3)  # <- made
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(part(barrier, range(number)), name=f"part-{number}")
        print("hung", flush=True)


asyncio.run(main())
