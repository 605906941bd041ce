import asyncio

from module import answer_to, swift


async def ask(question):
    future = asyncio.get_running_loop().create_future()
    swift.answer_later(question, answer_to(future))
    return await future


async def ask_with_leave(question):
    future = asyncio.get_running_loop().create_future()
    swift.answer_when_allowed(question, answer_to(future))
    swift.allow()
    return await future


async def main():
    loop = asyncio.get_running_loop()
    sums = [loop.run_in_executor(None, swift.sum_of_squares, n) for n in (10, 100)]
    print(await asyncio.gather(*(ask(n) for n in range(5)), ask_with_leave(21)), await asyncio.gather(*sums))
    swift.wait_for_calls()


asyncio.run(main())
