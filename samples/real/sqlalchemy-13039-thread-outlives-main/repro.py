"""SQLAlchemy < 2.0.46 with aiosqlite >= 0.22: an aiosqlite connection used to be a Thread, which
SQLAlchemy made a daemon; now it has a thread, which is none.  An engine that nobody disposes of
keeps its connection, its thread waits for the next job, and the interpreter waits for the thread:
all work is done and the program never exits."""
import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///:memory:")


async def main():
    async with engine.begin() as connection:       # <- starts the thread; the pool keeps it
        await connection.execute(text("create table entries (number int)"))
        for number in range(3):
            await connection.execute(text("insert into entries values (:n)"), {"n": number})
        count = await connection.scalar(text("select count(*) from entries"))
    print(count, "entries; all done", flush=True)


asyncio.run(main())                                # <- returns; the interpreter never ends
