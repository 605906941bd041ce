# A worker thread matches a regular expression that takes for ever: no other thread runs meanwhile, the loop's neither.
# expect: blocked-loop
# tasks: is_list
# because: no other thread
import asyncio
import re


def is_list(text):
    return re.match(r"(\w+\s*)+;", text)  # <- runs


async def report():
    while True:
        await asyncio.sleep(0.05)


async def main():
    reporting = asyncio.create_task(report())
    await asyncio.sleep(0.1)
    print("hung", flush=True)
    await asyncio.to_thread(is_list, "a" * 60)
    reporting.cancel()


asyncio.run(main())
