"""aiojobs 1.0.0: the scheduler counts a job as active before its place in the queue of pending jobs
is free. Once spawn() has to wait for such a place, a job that ends finds the limit still reached,
takes nothing from the queue, and so never makes room for the one that waits."""
import asyncio

import aiojobs


async def resize(picture):
    await asyncio.sleep(0.1)
    print("resized picture", picture, flush=True)


async def main():
    create = getattr(aiojobs, "create_scheduler", None)             # 1.0; a plain class since 1.1
    options = {"limit": 1, "pending_limit": 1}
    scheduler = await create(**options) if create else aiojobs.Scheduler(**options)
    for picture in range(1, 4):
        print("spawning", picture, flush=True)
        await scheduler.spawn(resize(picture))                      # <- the third one waits for room
    await asyncio.sleep(0.5)
    await scheduler.close()


asyncio.run(main())
