# An aiohttp server under the load of twenty clients in the same process: it answers them all and
# ends. Needs aiohttp; takes the number of requests.
# expect: nothing
import asyncio
import sys

from aiohttp import ClientSession, TCPConnector, web

CLIENTS = 20
GATE = web.AppKey("gate", asyncio.Semaphore)


async def square(request):
    number = int(request.match_info["number"])
    async with request.app[GATE]:
        await asyncio.sleep(0)
        return web.json_response({"square": number * number})


async def client(session, base, numbers):
    total = 0
    while not numbers.empty():
        async with session.get(f"{base}/square/{numbers.get_nowait()}") as response:
            total += (await response.json())["square"]
    return total


async def main(requests):
    app = web.Application()
    app[GATE] = asyncio.Semaphore(5)
    app.router.add_get("/square/{number}", square)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = "http://127.0.0.1:%d" % runner.addresses[0][1]

    numbers = asyncio.Queue()
    for number in range(requests):
        numbers.put_nowait(number)
    async with ClientSession(connector=TCPConnector(limit=10)) as session:
        clients = (client(session, base, numbers) for _ in range(CLIENTS))
        totals = await asyncio.gather(*clients)
    print(f"{requests} requests, sum of squares {sum(totals)}")
    await runner.cleanup()


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000))
