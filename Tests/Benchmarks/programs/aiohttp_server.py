"""A server and ten clients with aiohttp: 4,000 requests answered in JSON."""
import asyncio

from aiohttp import ClientSession, web


async def hello(request):
    return web.json_response({"hello": request.match_info["name"]})


async def client(port, requests):
    async with ClientSession() as session:
        for i in range(requests):
            async with session.get(f"http://127.0.0.1:{port}/{i}") as response:
                await response.json()


async def main():
    app = web.Application()
    app.router.add_get("/{name}", hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    await asyncio.gather(*(client(port, 400) for _ in range(10)))
    await runner.cleanup()


asyncio.run(main())
