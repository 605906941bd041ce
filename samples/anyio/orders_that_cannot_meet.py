# Pairs of locks of anyio that are taken in both orders, and can never be waited for in a ring.
# expect: nothing
# requires: anyio
import anyio


class Pair:
    def __init__(self):
        self.first = anyio.Lock()
        self.second = anyio.Lock()

    async def forth(self):
        async with self.first:
            await anyio.sleep(0.001)
            async with self.second:
                await anyio.sleep(0.001)

    async def back(self):
        async with self.second:
            await anyio.sleep(0.001)
            async with self.first:
                await anyio.sleep(0.001)


async def both(forth, back):
    async def stay(work):
        await work()
        await anyio.sleep(0.3)

    async with anyio.create_task_group() as group:
        group.start_soon(stay, forth)
        group.start_soon(stay, back)


async def below(gate, pair):
    async def forth():
        async with gate:
            await pair.forth()

    async def back():
        async with gate:
            await pair.back()

    await both(forth, back)


async def below_a_limiter_of_one(pair):
    await below(anyio.CapacityLimiter(1), pair)


async def below_a_third_lock(pair):
    await below(anyio.Lock(), pair)


async def told_by_an_event(pair):
    ready = anyio.Event()

    async def forth():
        await pair.forth()
        ready.set()

    async def back():
        await ready.wait()
        await pair.back()

    await both(forth, back)


async def told_by_an_item(pair):
    sender, receiver = anyio.create_memory_object_stream(1)

    async def forth():
        await pair.forth()
        await sender.send("done")

    async def back():
        await receiver.receive()
        await pair.back()

    with sender, receiver:
        await both(forth, back)


async def one_group_after_the_other(pair):
    async with anyio.create_task_group() as group:
        group.start_soon(pair.forth)
        await anyio.sleep(0.05)
    async with anyio.create_task_group() as group:
        group.start_soon(pair.back)


async def without_a_wait(pair):
    async def forth():
        async with pair.first:
            await anyio.sleep(0.001)
            pair.second.acquire_nowait()
            pair.second.release()

    async def back():
        await anyio.sleep(0.1)
        await pair.back()

    await both(forth, back)


async def main():
    async with anyio.create_task_group() as group:
        for part in (
            below_a_limiter_of_one,
            below_a_third_lock,
            told_by_an_event,
            told_by_an_item,
            one_group_after_the_other,
            without_a_wait,
        ):
            group.start_soon(part, Pair())


anyio.run(main)
