# A pool of one, made of a counter and futures. The first acquire is let in and then cancelled while it
# shakes hands, so its place is never given back.
# expect: leaked-permit
# tasks: main
# because: pending
import asyncio


class Pool:
    def __init__(self):
        self.free = 1
        self.waiting = []

    async def acquire(self):
        while not self.free:
            turn = asyncio.get_running_loop().create_future()
            self.waiting.append(turn)
            await turn  # <- waits
        self.free -= 1
        await asyncio.sleep(5)  # <- cancelled

    def release(self):
        self.free += 1
        if self.waiting:
            self.waiting.pop(0).set_result(None)


async def main():
    pool = Pool()
    try:
        await asyncio.wait_for(pool.acquire(), 0.1)
    except asyncio.TimeoutError:
        print("hung", flush=True)
    await pool.acquire()  # <- calls


asyncio.run(main())
