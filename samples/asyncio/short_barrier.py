# Three players are expected at the barrier, and one of them leaves before the round begins.
# expect: short-barrier
# tasks: ada, bob
# resource: round_start
# python: 3.11
import asyncio


class Table:
    def __init__(self, seats):
        self.round_start = asyncio.Barrier(seats)

    async def play(self, chips):
        if chips == 0:
            return 0
        await self.round_start.wait()  # <- waits
        return chips - 1


async def main():
    table = Table(3)
    players = [
        asyncio.create_task(table.play(chips), name=name)
        for name, chips in (("ada", 5), ("bob", 7), ("eve", 0))
    ]
    await asyncio.sleep(0.05)
    print("hung", flush=True)
    await asyncio.gather(*players)


asyncio.run(main())
