# A threading.Lock held across an await: the second task blocks the loop that the first one needs.
# expect: suspended-holder
# tasks: deposit, audit
# resource: lock
import asyncio
import threading


class Ledger:
    def __init__(self):
        self.lock = threading.Lock()
        self.balance = 0

    async def deposit(self, amount):
        with self.lock:  # <- holds
            await asyncio.sleep(0.05)  # write it down
            self.balance += amount

    async def audit(self):
        await asyncio.sleep(0.01)
        print("hung", flush=True)
        with self.lock:  # <- waits
            return self.balance


async def main():
    ledger = Ledger()
    deposit = asyncio.create_task(ledger.deposit(10), name="deposit")
    audit = asyncio.create_task(ledger.audit(), name="audit")
    await asyncio.gather(deposit, audit)


asyncio.run(main())
