"""A timeout breaks a deadlock: the program goes on, late, and nobody learns why."""
# expect: nothing
# also: transient-deadlock
import asyncio


class Bank:
    def __init__(self):
        self.accounts = asyncio.Lock()
        self.journal = asyncio.Lock()

    async def transfer(self):
        async with self.accounts:
            await asyncio.sleep(0.02)
            try:
                await asyncio.wait_for(self.log(), 0.2)
            except asyncio.TimeoutError:
                print("not logged")

    async def log(self):
        async with self.journal:
            pass

    async def audit(self):
        async with self.journal:
            await asyncio.sleep(0.02)
            async with self.accounts:
                print("audited")


async def main():
    bank = Bank()
    await asyncio.gather(bank.transfer(), bank.audit())


asyncio.run(main())
