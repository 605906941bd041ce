# Three accounts, three transfers, each of which locks its source before its target.
# expect: lock-cycle
# tasks: rent, salary, savings
import asyncio


class Account:
    def __init__(self, owner, balance):
        self.owner = owner
        self.balance = balance
        self.lock = asyncio.Lock()


async def transfer(source, target, amount):
    async with source.lock:  # <- holds
        await asyncio.sleep(0.05)  # ask the fraud service
        async with target.lock:  # <- waits
            source.balance -= amount
            target.balance += amount


async def main():
    ada, bob, eve = (Account(name, 100) for name in ("Ada", "Bob", "Eve"))
    transfers = [
        asyncio.create_task(transfer(ada, bob, 10), name="rent"),
        asyncio.create_task(transfer(bob, eve, 20), name="salary"),
        asyncio.create_task(transfer(eve, ada, 30), name="savings"),
    ]
    print("hung", flush=True)
    await asyncio.gather(*transfers)


asyncio.run(main())
