# A group whose task fails asks the task that made it to end, to get it out of its block. That one goes on after
# the block, as it should, also as a task of another group.
# expect: nothing
# python: 3.11
# snapshot: yes
import asyncio


async def fail():
    await asyncio.sleep(0.01)
    raise ValueError("no such page")


async def crawl(pages):
    while True:
        page = await pages.get()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                await pages.get()
        except* ValueError:
            print("skipped", page)


async def main():
    pages = asyncio.Queue()
    pages.put_nowait("front")

    async def add(reader, writer):
        pages.put_nowait(await reader.readline())

    server = await asyncio.start_server(add, "127.0.0.1", 0)
    async with asyncio.TaskGroup() as group:
        group.create_task(crawl(pages), name="crawl")
        await asyncio.sleep(0.1)
        print("idle", flush=True)
    server.close()


asyncio.run(main())
