# A connection pool that does not give a permit back when the query fails.
# expect: leaked-permit
# tasks: report
# resource: permits
import asyncio


class Pool:
    def __init__(self, size):
        self.permits = asyncio.Semaphore(size)

    async def query(self, sql):
        await self.permits.acquire()  # <- waits, holds
        await asyncio.sleep(0.01)
        if "SELECT" not in sql:
            raise ValueError("only SELECT is allowed: " + sql)
        self.permits.release()
        return []


async def attempt(pool, sql):
    try:
        return await pool.query(sql)
    except ValueError:
        return None


async def main():
    pool = Pool(2)
    await asyncio.gather(attempt(pool, "DROP TABLE users"), attempt(pool, "DELETE FROM users"))
    report = asyncio.create_task(attempt(pool, "SELECT * FROM users"), name="report")
    print("hung", flush=True)
    await report


asyncio.run(main())
