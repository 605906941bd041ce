# A pattern whose nested quantifiers try every way to split the text: exponential in its length, in C and with
# the interpreter's lock held, so that no other thread of Python runs either.
# expect: blocked-loop
# tasks: validate
import asyncio
import re

NAME = re.compile(r"^([a-z]+\.?)+$")


async def validate(name):
    print("hung", flush=True)
    return NAME.match(name) is not None  # <- waits


async def heartbeat():
    while True:
        await asyncio.sleep(0.05)


async def main():
    beat = asyncio.create_task(heartbeat(), name="heartbeat")
    await asyncio.sleep(0.1)
    await asyncio.create_task(validate("a" * 48 + "!"), name="validate")
    beat.cancel()


asyncio.run(main())
