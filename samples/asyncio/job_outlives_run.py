# A job is given up, but not ended: the program waits for it at its end.
# expect: exit-blocked
# tasks: ask
# resource: answers
import asyncio
import queue


class Console:
    def __init__(self):
        self.answers = queue.Queue()

    def ask(self, question):
        print(question)
        return self.answers.get()  # <- waits


async def main():
    console = Console()
    try:
        await asyncio.wait_for(asyncio.to_thread(console.ask, "Continue?"), 0.2)
    except asyncio.TimeoutError:
        print("hung", flush=True)


asyncio.run(main())
