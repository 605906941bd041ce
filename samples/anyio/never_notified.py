# The condition is notified before anybody waits on it.
# expect: lost-wakeup
# requires: anyio
# tasks: waiter
# resource: changed
import anyio


async def change(changed):
    async with changed:
        changed.notify()


async def wait(changed):
    await anyio.sleep(0.05)
    async with changed:
        await changed.wait()  # <- waits


async def main():
    changed = anyio.Condition()
    async with anyio.create_task_group() as group:
        group.start_soon(wait, changed, name="waiter")
        group.start_soon(change, changed, name="changer")
        await anyio.sleep(0.2)
        print("hung", flush=True)


anyio.run(main)
