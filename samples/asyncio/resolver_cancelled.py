# The task that would hand out the replies is cancelled, and nobody ends the pending ones.
# expect: orphaned-future
# tasks: fetch_price
import asyncio


class Exchange:
    def __init__(self):
        self.pending = {}
        self.incoming = asyncio.Queue()
        self.reader = asyncio.create_task(self.read_replies(), name="read_replies")

    async def read_replies(self):
        while True:
            symbol, price = await self.incoming.get()
            self.pending.pop(symbol).set_result(price)

    async def fetch_price(self, symbol):
        self.pending[symbol] = asyncio.get_running_loop().create_future()  # <- made
        return await self.pending[symbol]  # <- waits

    def disconnect(self):
        self.reader.cancel()


async def main():
    exchange = Exchange()
    price = asyncio.create_task(exchange.fetch_price("ACME"), name="fetch_price")
    await asyncio.sleep(0.05)
    exchange.disconnect()
    print("hung", flush=True)
    await price


asyncio.run(main())
