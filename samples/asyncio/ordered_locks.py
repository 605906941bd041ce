# Transfers between accounts that take the two locks in one order, and so never wait for each other.
# expect: nothing
import asyncio


class Account:
    def __init__(self, number):
        self.number = number
        self.balance = 100
        self.lock = asyncio.Lock()


async def transfer(source, target, amount):
    first, second = sorted((source, target), key=lambda account: account.number)
    async with first.lock:
        await asyncio.sleep(0.001)
        async with second.lock:
            source.balance -= amount
            target.balance += amount


async def main():
    accounts = [Account(number) for number in range(3)]
    transfers = [
        transfer(accounts[i % 3], accounts[(i * 2 + 1) % 3], 1)
        for i in range(30)
        if i % 3 != (i * 2 + 1) % 3
    ]
    await asyncio.gather(*transfers)
    assert sum(account.balance for account in accounts) == 300


asyncio.run(main())
