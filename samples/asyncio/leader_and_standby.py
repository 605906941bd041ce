# A leader keeps a lock for as long as it serves, which is for ever. Another one stands by, and tries for the lock with
# a limit again and again: it is meant to get it only when the leader has gone.
# expect: nothing
# python: 3.11
# snapshot: yes
import asyncio


class Replica:
    def __init__(self, lead):
        self.lead = lead

    async def serve(self):
        while True:
            try:
                async with asyncio.timeout(0.1):
                    await self.lead.acquire()
            except TimeoutError:
                await asyncio.sleep(0.02)
            else:
                break
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.lead.release()


async def main():
    lead = asyncio.Lock()
    leader = asyncio.create_task(Replica(lead).serve())
    await asyncio.sleep(0)
    standby = asyncio.create_task(Replica(lead).serve())
    await asyncio.sleep(2)
    print("idle", flush=True)
    await asyncio.gather(leader, standby)


asyncio.run(main())
