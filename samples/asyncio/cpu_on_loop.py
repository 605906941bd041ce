# A solver that runs on the loop's thread and never converges.
# expect: blocked-loop
# tasks: solve
import asyncio


class Solver:
    def __init__(self, step):
        self.step = step
        self.x = 1.0

    def improve(self):
        self.x = -self.x * self.step  # <- runs

    async def solve(self):
        print("hung", flush=True)
        while abs(self.x) > 0.001:  # <- runs
            self.improve()  # <- runs
        return self.x


async def main():
    solving = asyncio.create_task(Solver(step=1.0).solve(), name="solve")
    await solving


asyncio.run(main())
