"""saq < 0.22.1 on PostgreSQL: workers wait for jobs, and clients for results, on queues that one
background task fills with the server's notifications.  When the server restarts that task fails,
nobody hears of it, and all of them wait for ever, although the server is back at once."""
import asyncio
import logging

import psycopg
from saq import Queue, Worker

URL = "postgres://postgres@127.0.0.1:54939/postgres"


async def double(_context, *, number):
    return 2 * number


async def break_connections():
    """As a restart of the server would."""
    async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as connection:
        await connection.execute("select pg_terminate_backend(pid) from pg_stat_activity"
                                 " where backend_type = 'client backend' and pid <> pg_backend_pid()")


async def main():
    logging.disable()
    queue = Queue.from_url(URL)
    await queue.connect()
    worker = Worker(queue, functions=[double], concurrency=1)
    working = asyncio.create_task(worker.start(), name="worker")
    print("result:", await queue.apply("double", number=1), flush=True)
    await break_connections()
    print("connections were lost", flush=True)
    print("result:", await queue.apply("double", number=21))       # <- waits here
    working.cancel()
    await working
    await queue.disconnect()


asyncio.run(main())
