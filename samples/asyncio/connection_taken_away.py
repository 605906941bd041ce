# Closing a pool waits for a connection that a failed task has not given back, but not for ever: a timer takes it
# away.
# expect: nothing
# snapshot: yes
import asyncio


class Pool:
    def acquire(self):
        self.in_use = asyncio.get_running_loop().create_future()

    def release(self):
        self.in_use.set_result(None)

    def abort(self):
        self.in_use.cancel()

    async def close(self):
        asyncio.get_running_loop().call_later(60, self.abort)
        await self.in_use


async def use(pool, question):
    pool.acquire()
    if not question:
        raise ValueError("nothing to ask")
    pool.release()


async def main():
    pool = Pool()
    for question in "what", "":
        use_once = asyncio.create_task(use(pool, question), name="use")
        await asyncio.gather(use_once, return_exceptions=True)
    print("idle", flush=True)
    await asyncio.create_task(pool.close(), name="close")


asyncio.run(main())
