"""Waits in Swift, with the interpreter's lock, for a task that calls back into Python."""
import asyncio

from module import Answer, holding


def note(value):
    print(value)


async def ask():
    callback = Answer(note)
    holding.answer_now(21, callback)


async def main():
    print("hung", flush=True)
    await asyncio.create_task(ask(), name="ask")


asyncio.run(main())
