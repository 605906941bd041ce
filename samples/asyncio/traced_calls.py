# Each call goes through a function that takes its time; one of them serves for ever, which is what the program is for.
# expect: nothing
# snapshot: yes
import asyncio


async def traced(function):
    await asyncio.sleep(0.001)
    await function()


async def connect():
    await asyncio.sleep(0.01)


async def tick():
    while True:
        await asyncio.sleep(0.1)


async def serve():
    ticking = asyncio.create_task(tick())
    print("idle", flush=True)
    await asyncio.get_running_loop().create_future()
    ticking.cancel()


async def main():
    await traced(connect)
    await traced(serve)


asyncio.run(main())
