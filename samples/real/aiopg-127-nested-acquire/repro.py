"""aiopg: every task holds a connection of the pool while it calls a helper that asks for one of its
own.  As many tasks as the pool has connections do so at once, and all of them wait for one another."""
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
            await cursor.execute("select 1")
            number = await next_number(pool)
            await cursor.execute("insert into bookings values (%s, %s)", (name, number))


async def main():
    async with aiopg.create_pool("host=127.0.0.1 port=54940 user=postgres dbname=postgres",
                                 minsize=1, maxsize=2) as pool:
        async with pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("create sequence if not exists numbers;"
                                 "create table if not exists bookings (name text, number int)")
        print("booking", flush=True)
        await asyncio.gather(*(book(pool, name) for name in ("ann", "bob", "eve")))
        print("booked")


asyncio.run(main())
