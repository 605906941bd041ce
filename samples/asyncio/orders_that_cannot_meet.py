"""Pairs of locks that are taken in both orders, and can never be waited for in a ring: each for a reason of its own."""
# expect: nothing
import asyncio


class Pair:
    def __init__(self):
        self.first = asyncio.Lock()
        self.second = asyncio.Lock()
        self.around = asyncio.Lock()

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


async def below_a_third_lock(pair):
    async def guarded(work):
        async with pair.around:
            await work()

    await asyncio.gather(stay(guarded, pair.forth), stay(guarded, pair.back))


async def below_a_single_permit(pair):
    permit = asyncio.Semaphore(1)

    async def guarded(work):
        async with permit:
            await work()

    await asyncio.gather(stay(guarded, pair.forth), stay(guarded, pair.back))


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


async def without_a_pause(pair):
    async def nested(outer, inner):
        async with outer:
            async with inner:
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
        told_by_an_event(Pair()),
        told_by_an_event_that_is_set(Pair()),
        told_by_an_item(Pair()),
        told_by_a_result(Pair()),
        told_by_a_condition(Pair()),
        without_a_pause(Pair()),
        with_a_limit(Pair()),
        other_locks_of_the_same_class(),
    )


asyncio.run(main())
