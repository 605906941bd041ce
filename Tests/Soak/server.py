"""An aiohttp server that uses a bit of everything; prints its port, and serves until SIGTERM."""
import asyncio

from aiohttp import web


class Ledger:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.count = 0

    async def add(self, number):
        async with self.lock:
            await asyncio.sleep(0)
            self.count += 1
            return number * number


class Server:
    def __init__(self):
        self.ledger = Ledger()
        self.jobs = asyncio.Queue(maxsize=4)
        self.slots = asyncio.Semaphore(3)
        self.changed = asyncio.Condition()

    def application(self):
        application = web.Application()
        for name in ("square", "timeout", "double", "cube", "chunks", "stall", "count"):
            application.router.add_get(f"/{name}/{{number}}", getattr(self, name))
        return application

    async def work(self):
        while True:
            number, answer = await self.jobs.get()
            if not answer.done():
                answer.set_result(2 * number)
            self.jobs.task_done()
            async with self.changed:
                self.changed.notify()

    async def square(self, request):
        return web.json_response(await self.ledger.add(number(request)))

    async def timeout(self, request):
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.02)
        except asyncio.TimeoutError:
            return web.json_response(number(request))

    async def double(self, request):
        answer = asyncio.get_running_loop().create_future()
        async with self.slots:
            await self.jobs.put((number(request), answer))
            return web.json_response(await answer)

    async def cube(self, request):
        loop = asyncio.get_running_loop()
        return web.json_response(await loop.run_in_executor(None, pow, number(request), 3))

    async def chunks(self, request):
        response = web.StreamResponse()
        await response.prepare(request)
        group = [asyncio.create_task(self.ledger.add(n)) for n in range(number(request) % 5)]
        for square in await asyncio.gather(*group):
            await response.write(b"%d " % square)
        return response

    async def stall(self, request):
        """Waits until the client has had enough."""
        async with self.changed:
            await self.changed.wait_for(lambda: False)

    async def count(self, request):
        return web.json_response(self.ledger.count)


def number(request):
    return int(request.match_info["number"])


async def main():
    server = Server()
    runner = web.AppRunner(server.application(), handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    workers = [asyncio.create_task(server.work(), name=f"worker {n}") for n in range(2)]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(15, stop.set)
    print(runner.addresses[0][1], flush=True)
    await stop.wait()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    await runner.cleanup()


asyncio.run(main())
