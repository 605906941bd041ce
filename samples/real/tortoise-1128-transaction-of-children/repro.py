"""Tortoise ORM < 0.23: on PostgreSQL a transaction inside a transaction takes an asyncio.Lock of
the outer one and keeps it for its whole block.  A child that the block awaits inherits the
transaction, opens one of its own, and waits for the lock that its parent holds while it waits for
the child."""
import asyncio

from tortoise import Tortoise, fields
from tortoise.models import Model
from tortoise.transactions import in_transaction


class Tag(Model):
    name = fields.CharField(40, unique=True)


async def store(name):
    await Tag.update_or_create(name=name)          # <- waits for the lock: opens a transaction


async def announce(name):
    await asyncio.sleep(0.01)


async def add(name):
    async with in_transaction():                   # <- takes the lock: there is an outer one
        await asyncio.gather(store(name), announce(name))      # <- waits for the child


async def main():
    await Tortoise.init(db_url="postgres://postgres@127.0.0.1:54934/postgres",
                        modules={"models": ["__main__"]})
    await Tortoise.generate_schemas()
    await Tag.all().delete()
    print("adding", flush=True)
    async with in_transaction():
        await add("red")
        await add("green")
    print(await Tag.all().count(), "tags")
    await Tortoise.close_connections()


asyncio.run(main())
