# A server with nothing to do: its workers wait for jobs that only new connections will bring.
# expect: nothing
# snapshot: yes
import asyncio


class JobServer:
    def __init__(self):
        self.jobs = asyncio.Queue()
        self.done = 0

    async def work(self):
        while True:
            await self.jobs.get()
            self.done += 1
            self.jobs.task_done()

    async def connected(self, reader, writer):
        self.jobs.put_nowait(await reader.readline())
        writer.close()


async def main():
    jobs = JobServer()
    workers = [asyncio.create_task(jobs.work(), name=f"worker-{i}") for i in range(3)]
    server = await asyncio.start_server(jobs.connected, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"resize 7\n")
    await asyncio.sleep(0.1)
    writer.close()
    print("idle", flush=True)
    await asyncio.gather(*workers)


asyncio.run(main())
