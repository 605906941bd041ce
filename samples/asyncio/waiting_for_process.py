# A build server that waits for a compiler which takes its time.
# expect: nothing
import asyncio


class Build:
    def __init__(self, command):
        self.command = command
        self.slots = asyncio.Semaphore(1)

    async def run(self):
        async with self.slots:
            process = await asyncio.create_subprocess_exec(*self.command)
            return await process.wait()


async def main():
    build = Build(["sleep", "60"])
    builds = [asyncio.create_task(build.run(), name=f"build-{i}") for i in range(2)]
    await asyncio.sleep(0.1)
    print("idle", flush=True)
    await asyncio.gather(*builds)


asyncio.run(main())
