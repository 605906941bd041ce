# A task takes the only permit twice.
# expect: self-deadlock
# requires: anyio
# tasks: refresh
# resource: slot
import anyio


async def refresh(slot):
    async with slot:  # <- holds
        await store(slot)


async def store(slot):
    async with slot:  # <- waits
        print("stored")


async def main():
    slot = anyio.Semaphore(1)
    async with anyio.create_task_group() as group:
        group.start_soon(refresh, slot, name="refresh")
        await anyio.sleep(0.2)
        print("hung", flush=True)


anyio.run(main)
