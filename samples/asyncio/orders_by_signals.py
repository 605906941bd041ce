"""Pairs of locks that are taken in both orders, the second one only when the first one is said to be over."""
# expect: nothing
import asyncio


class Pair:
    def __init__(self):
        self.first = asyncio.Lock()
        self.second = asyncio.Lock()

    async def forth(self):
        async with self.first:
            await asyncio.sleep(0.001)
            async with self.second:
                await asyncio.sleep(0.001)

    async def back(self):
        async with self.second:
            await asyncio.sleep(0.001)
            async with self.first:
                await asyncio.sleep(0.001)


async def stay(work, *arguments):
    """Does its work, and is still there afterwards."""
    await work(*arguments)
    await asyncio.sleep(0.5)


async def told_by_an_event(pair):
    ready = asyncio.Event()

    async def forth():
        await pair.forth()
        ready.set()

    async def back():
        await ready.wait()
        await pair.back()

    await asyncio.gather(stay(forth), stay(back))


async def told_by_an_event_that_is_set(pair):
    ready = asyncio.Event()

    async def forth():
        await pair.forth()
        ready.set()

    async def back():
        await asyncio.sleep(0.1)
        await ready.wait()
        await pair.back()

    await asyncio.gather(stay(forth), stay(back))


async def told_by_an_item(pair):
    queue = asyncio.Queue()

    async def forth():
        await pair.forth()
        await queue.put("done")

    async def back():
        await queue.get()
        await pair.back()

    await asyncio.gather(stay(forth), stay(back))


async def told_by_a_result(pair):
    result = asyncio.get_running_loop().create_future()

    async def forth():
        await pair.forth()
        result.set_result(1)

    async def back():
        await result
        await pair.back()

    await asyncio.gather(stay(forth), stay(back))


async def told_by_a_condition(pair):
    condition = asyncio.Condition()
    ready = False

    async def forth():
        nonlocal ready
        await pair.forth()
        async with condition:
            ready = True
            condition.notify()

    async def back():
        async with condition:
            await condition.wait_for(lambda: ready)
        await pair.back()

    await asyncio.gather(stay(forth), stay(back))


async def main():
    await asyncio.gather(
        told_by_an_event(Pair()),
        told_by_an_event_that_is_set(Pair()),
        told_by_an_item(Pair()),
        told_by_a_result(Pair()),
        told_by_a_condition(Pair()),
    )


asyncio.run(main())
