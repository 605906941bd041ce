# Tasks that wait for each other's lock, under a deadline that will free them.
# expect: nothing
# requires: anyio
import anyio


async def take(first, second):
    async with first:
        await anyio.sleep(0.05)
        async with second:
            pass


async def main():
    left, right = anyio.Lock(), anyio.Lock()
    with anyio.move_on_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(take, left, right)
            group.start_soon(take, right, left)
            await anyio.sleep(0.1)
            print("idle", flush=True)


anyio.run(main)
