# Calls are sent in batches: a full one at once, by the call that fills it, the rest by a timer later on.
# expect: nothing
# snapshot: yes
import asyncio


class Batches:
    def __init__(self):
        self.waiting = []

    def send(self):
        for answer in self.waiting:
            answer.set_result("sent")
        self.waiting.clear()

    async def call(self):
        loop = asyncio.get_running_loop()
        if not self.waiting:
            self.timer = loop.call_later(60, self.send)
        answer = loop.create_future()
        self.waiting.append(answer)
        if len(self.waiting) == 3:
            self.timer.cancel()
            self.send()
        return await answer


async def main():
    batches = Batches()
    await asyncio.gather(*(batches.call() for _ in range(3)))
    print("idle", flush=True)
    await asyncio.gather(*(batches.call() for _ in range(2)))


asyncio.run(main())
