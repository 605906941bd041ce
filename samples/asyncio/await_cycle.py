# Two services that each wait for the other one to have started.
# expect: await-cycle
# tasks: database, cache
import asyncio


class Application:
    def __init__(self):
        self.services = {}

    def start(self, name, dependency):
        self.services[name] = asyncio.create_task(self.run(name, dependency), name=name)

    async def run(self, name, dependency):
        await asyncio.sleep(0.01)
        await self.services[dependency]  # <- waits
        return name + " is up"


async def main():
    application = Application()
    application.start("database", dependency="cache")
    application.start("cache", dependency="database")
    await asyncio.sleep(0.05)
    print("hung", flush=True)
    await asyncio.gather(*application.services.values())


asyncio.run(main())
