"""asyncpg < 0.32.0: a statement that cannot be encoded makes the protocol abort its connection.
The pool sees a closed connection when it gets it back, believes that it has been cleaned up
already, and never puts its only slot back: every later acquire() waits for ever."""
import asyncio
import os

import asyncpg

names = [b"report.txt", b"caf\xe9.txt", b"notes.txt"]      # the second is Latin-1, not UTF-8


async def store(pool, name):
    async with pool.acquire() as connection:       # <- the third name waits here: no slot is left
        await connection.execute(f"insert into files values ('{os.fsdecode(name)}')")  # <- raises


async def main():
    pool = await asyncpg.create_pool("postgres://postgres@127.0.0.1:54931/postgres",
                                     min_size=1, max_size=1)
    await pool.execute("drop table if exists files; create table files (name text)")
    for name in names:
        print("storing", name, flush=True)
        try:
            await store(pool, name)
        except UnicodeEncodeError:
            print("not stored: cannot be encoded", flush=True)
    print(await pool.fetchval("select count(*) from files"), "names stored")
    await pool.close()


asyncio.run(main())
