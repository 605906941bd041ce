# Tasks try again and again for locks whose holders will go on: a timer lets one go on, a client another. A third
# one brings itself, between two tries, what the holder waits for.
# expect: nothing
# python: 3.11
# snapshot: yes
import asyncio


async def hold(lock, signal):
    async with lock:
        await signal.wait()


async def insist(lock, between=None):
    while True:
        try:
            async with asyncio.timeout(0.1):
                async with lock:
                    return
        except TimeoutError:
            if between:
                between()
            await asyncio.sleep(0.02)


async def main():
    loop = asyncio.get_running_loop()
    late, asked, full = asyncio.Event(), asyncio.Event(), asyncio.Event()
    tries = []

    def count():
        tries.append(1)
        if len(tries) > 12:
            full.set()

    async def answer(reader, writer):
        asked.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    loop.call_later(3600, late.set)
    tasks = []
    for signal, between in (late, None), (asked, None), (full, count):
        lock = asyncio.Lock()
        tasks.append(asyncio.create_task(hold(lock, signal)))
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(insist(lock, between)))
    await asyncio.sleep(2)
    print("idle", flush=True)
    await asyncio.gather(*tasks)
    server.close()


asyncio.run(main())
