# A task tries for a lock again and again. Who has it waits for what only that task would bring, once it had the lock.
# expect: lock-cycle
# tasks: vote, campaign
# resource: term
# because: times since
# python: 3.11
# snapshot: yes
import asyncio


class Election:
    def __init__(self):
        self.term = asyncio.Lock()
        self.decided = asyncio.Event()

    async def campaign(self):
        async with self.term:  # <- holds
            await self.decided.wait()  # <- waits

    async def vote(self):
        while not self.decided.is_set():
            try:
                async with asyncio.timeout(0.1):
                    async with self.term:  # <- waits
                        self.decided.set()
            except TimeoutError:
                await asyncio.sleep(0.02)


async def main():
    election = Election()
    campaign = asyncio.create_task(election.campaign(), name="campaign")
    await asyncio.sleep(0)
    vote = asyncio.create_task(election.vote(), name="vote")
    await asyncio.sleep(1.5)
    print("hung", flush=True)
    await asyncio.gather(campaign, vote)


asyncio.run(main())
