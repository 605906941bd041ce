"""databases < 0.8.0: tasks share the connection of their parent, and the transactions of siblings get
mixed up.  The commit of the first fails, and with that a use of the connection that is counted is
never uncounted.  The error does not get out: on its way it leaves the block of the database, which
waits until the connection is back."""
import asyncio

from databases import Database


async def transfer(database, amount):
    async with database.transaction():             # <- taken here; the commit fails
        await database.execute("insert into transfers values (:amount)", {"amount": amount})


async def main():
    async with Database("postgresql://postgres@127.0.0.1:54941/postgres") as database:   # <- waits
        await database.execute("create table if not exists transfers (amount int)")
        print("transferring", flush=True)
        await asyncio.gather(transfer(database, 10), transfer(database, 20))
    print("transferred")


asyncio.run(main())
