# A task cancels its ticker and awaits its end; the ticker goes on ticking.
# expect: ignored-cancel
# tasks: tick, close
import asyncio


class Clock:
    def __init__(self):
        self.ticks = 0

    async def tick(self):
        while True:
            try:
                await asyncio.sleep(0.2)  # <- waits
                self.ticks += 1
            except asyncio.CancelledError:
                print("a tick was interrupted", flush=True)

    async def close(self, ticking):
        ticking.cancel()  # <- asks
        await asyncio.wait([ticking])


async def main():
    clock = Clock()
    ticking = asyncio.create_task(clock.tick(), name="tick")
    await asyncio.sleep(0.1)
    print("hung", flush=True)
    await asyncio.create_task(clock.close(ticking), name="close")


asyncio.run(main())
