"""Pairs of locks that are taken in both orders, and can never be waited for in a ring: each for a reason of its own."""
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


async def below(gate, pair):
    async def guarded(work):
        async with gate:
            await work()

    await asyncio.gather(stay(guarded, pair.forth), stay(guarded, pair.back))


async def below_a_third_lock(pair):
    await below(asyncio.Lock(), pair)


async def below_a_single_permit(pair):
    await below(asyncio.Semaphore(1), pair)


async def one_task(pair):
    await pair.forth()
    await pair.back()


async def one_after_the_other(pair):
    await asyncio.create_task(pair.forth())
    await asyncio.create_task(pair.back())


async def awaited_too_late_to_wait(pair):
    forth = asyncio.create_task(pair.forth())
    await asyncio.sleep(0.05)
    await forth
    await asyncio.create_task(pair.back())


async def started_afterwards(pair):
    async def forth():
        await pair.forth()
        back = asyncio.create_task(pair.back())
        await asyncio.sleep(0.1)
        await back

    await asyncio.create_task(forth())


async def without_a_pause(pair):
    async def nested(outer, inner):
        async with outer, inner:
            pass

    await asyncio.gather(
        stay(nested, pair.first, pair.second), stay(nested, pair.second, pair.first)
    )


async def with_a_limit(pair):
    async def forth():
        async with pair.first:
            await asyncio.sleep(0.001)
            await asyncio.wait_for(pair.second.acquire(), 5)
            pair.second.release()

    await asyncio.gather(stay(forth), asyncio.sleep(0.1))
    await asyncio.create_task(pair.back())


async def other_locks_of_the_same_class():
    parent, child, grandchild = Pair(), Pair(), Pair()

    async def both(outer, inner):
        async with outer.first:
            await asyncio.sleep(0.001)
            async with inner.first:
                await asyncio.sleep(0.001)

    await asyncio.gather(stay(both, parent, child), stay(both, child, grandchild))


async def main():
    await asyncio.gather(
        below_a_third_lock(Pair()),
        below_a_single_permit(Pair()),
        one_task(Pair()),
        one_after_the_other(Pair()),
        awaited_too_late_to_wait(Pair()),
        started_afterwards(Pair()),
        without_a_pause(Pair()),
        with_a_limit(Pair()),
        other_locks_of_the_same_class(),
    )


asyncio.run(main())
