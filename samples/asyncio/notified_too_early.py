# The order is announced before the kitchen listens, and the kitchen does not look before it waits.
# expect: lost-wakeup
# tasks: cook
# resource: changed
import asyncio


class Kitchen:
    def __init__(self):
        self.changed = asyncio.Condition()
        self.orders = []

    async def place(self, order):
        async with self.changed:
            self.orders.append(order)
            self.changed.notify_all()

    async def cook(self):
        await asyncio.sleep(0.05)  # heat the oven
        async with self.changed:
            await self.changed.wait()  # <- waits
            return self.orders.pop()


async def main():
    kitchen = Kitchen()
    cook = asyncio.create_task(kitchen.cook(), name="cook")
    await asyncio.create_task(kitchen.place("pizza"), name="place")
    await asyncio.sleep(0.1)
    print("hung", flush=True)
    print(await cook)


asyncio.run(main())
