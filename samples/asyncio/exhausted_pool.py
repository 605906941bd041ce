# A pool that is a queue of two connections. Each task takes one for its transaction and wants a second
# one for the audit log.
# expect: permit-exhaustion
# tasks: transfer-0, transfer-1
# resource: idle
import asyncio


class Bank:
    def __init__(self):
        self.idle = asyncio.Queue(maxsize=2)
        for number in range(2):
            self.idle.put_nowait(f"connection {number}")

    async def transfer(self):
        connection = await self.idle.get()  # <- holds
        await asyncio.sleep(0.01)
        await self.audit()
        self.idle.put_nowait(connection)

    async def audit(self):
        connection = await self.idle.get()  # <- waits
        self.idle.put_nowait(connection)


async def main():
    bank = Bank()
    print("hung", flush=True)
    await asyncio.gather(
        *(asyncio.create_task(bank.transfer(), name=f"transfer-{n}") for n in range(2)))


asyncio.run(main())
