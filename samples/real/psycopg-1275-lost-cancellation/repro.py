"""psycopg_pool < 3.3.1: a task that is cancelled in the very moment in which the pool hands it a
connection gets the connection; the cancellation is kept as an error that nobody looks at.  The task
goes on as if nothing had happened, and whoever cancelled it waits for its end for ever."""
import asyncio

from psycopg_pool import AsyncConnectionPool


async def serve(pool, jobs):
    while True:
        async with pool.connection() as connection:            # <- the cancellation is lost here
            await connection.execute("select 1")
        print("did", await jobs.get())             # <- goes on to wait here


async def main():
    jobs = asyncio.Queue()
    async with AsyncConnectionPool("host=127.0.0.1 port=54936 user=postgres dbname=postgres",
                                   min_size=1, max_size=1) as pool:
        await pool.wait()
        async with pool.connection():
            server = asyncio.create_task(serve(pool, jobs), name="server")
            await asyncio.sleep(0.1)               # it waits for the connection that we hold
        server.cancel()                            # <- asked to end as the connection gets free
        print("stopping the server", flush=True)
        await asyncio.wait([server])               # <- waits here
    print("stopped, cancelled:", server.cancelled())


asyncio.run(main())
