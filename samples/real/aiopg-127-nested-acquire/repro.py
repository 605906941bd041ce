"""aiopg: every task holds a connection of the pool and asks for a second one, for a helper that it
calls.  As many tasks as the pool has connections, and all of them wait for one another."""
import asyncio

import aiopg


async def next_number(pool):
    async with pool.acquire() as connection:       # <- all wait here
        async with connection.cursor() as cursor:
            await cursor.execute("select nextval('numbers')")
            return (await cursor.fetchone())[0]


async def book(pool, name):
    async with pool.acquire() as connection:       # <- all took one here
        async with connection.cursor() as cursor:
            await cursor.execute("select pg_advisory_lock_shared(1)")
            number = await next_number(pool)
            await cursor.execute("select pg_advisory_unlock_shared(1)")
            print(name, number)


async def main():
    async with aiopg.create_pool("host=127.0.0.1 port=54940 user=postgres dbname=postgres",
                                 minsize=1, maxsize=3) as pool:
        async with pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("create sequence if not exists numbers")
        print("booking", flush=True)
        await asyncio.gather(*(book(pool, name) for name in ("ann", "bob", "eve")))


asyncio.run(main())
