"""Fifty pairs of tasks, each with a queue in both directions: an item is put, and one is awaited."""
import asyncio


async def ask(questions, answers, turns):
    for number in range(turns):
        await questions.put(number)
        await answers.get()


async def answer(questions, answers, turns):
    for number in range(turns):
        await questions.get()
        await answers.put(number)


async def main():
    pairs = []
    for _ in range(50):
        questions, answers = asyncio.Queue(), asyncio.Queue()
        pairs += [ask(questions, answers, 6000), answer(questions, answers, 6000)]
    await asyncio.gather(*pairs)


asyncio.run(main())
