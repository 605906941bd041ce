# Requests share two slots; those in a slot wait for the one connection, whose holder waits for a slot.
# expect: permit-exhaustion
# tasks: request-0
# resource: slots
import asyncio
import threading


class Pool:
    def __init__(self):
        self.changed = threading.Condition()
        self.free = 1

    def take(self):
        with self.changed:
            self.changed.wait_for(lambda: self.free, 3600)  # <- waits
            self.free -= 1

    def give_back(self):
        with self.changed:
            self.free += 1
            self.changed.notify()


async def request(pool, slots):
    async with slots:
        await asyncio.to_thread(pool.take)
    await asyncio.sleep(0.05)
    async with slots:  # <- waits
        await asyncio.to_thread(pool.give_back)


async def main(pool):
    slots = asyncio.Semaphore(2)
    print("hung", flush=True)
    await asyncio.wait(
        [asyncio.create_task(request(pool, slots), name=f"request-{n}") for n in range(4)])


asyncio.run(main(Pool()))
