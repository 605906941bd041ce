"""Fifty pairs of tasks that wake each other through a fresh future for each turn."""
import asyncio


class Table:
    """Where two players meet: each waits for the ball on its own side."""

    def __init__(self):
        self.sides = [None, None]

    async def play(self, side, turns):
        new = asyncio.get_running_loop().create_future
        for _ in range(turns):
            ball = self.sides[side] = new()
            opponent = self.sides[1 - side]
            if opponent is not None:
                opponent.set_result(None)
            await ball
        self.sides[1 - side].done() or self.sides[1 - side].set_result(None)


async def main():
    tables = [Table() for _ in range(50)]
    await asyncio.gather(*(table.play(side, 10_000) for table in tables for side in (0, 1)))


asyncio.run(main())
