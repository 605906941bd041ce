# Closing a pool waits for a connection that a failed task has not given back. A timer will only warn of that.
# expect: orphaned-future
# tasks: close
# because: ended with ValueError
# snapshot: yes
import asyncio


class Pool:
    def acquire(self):
        self.in_use = asyncio.get_running_loop().create_future()  # <- made

    def release(self):
        self.in_use.set_result(None)

    def warn(self):
        print("closing takes long")

    async def close(self):
        asyncio.get_running_loop().call_later(60, self.warn)
        await self.in_use  # <- waits


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
    print("hung", flush=True)
    await asyncio.create_task(pool.close(), name="close")


asyncio.run(main())
