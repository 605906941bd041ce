# A cache that takes its lock by hand and forgets to release it on the early way out.
# expect: abandoned-lock
# tasks: report
# resource: refresh_lock
import asyncio


class Cache:
    def __init__(self):
        self.refresh_lock = asyncio.Lock()
        self.rows = {"users": 3}

    async def refresh(self, table):
        await self.refresh_lock.acquire()  # <- holds
        if table in self.rows:
            return self.rows[table]
        self.rows[table] = 0
        self.refresh_lock.release()
        return 0

    async def report(self):
        async with self.refresh_lock:  # <- waits
            return sum(self.rows.values())


async def main():
    cache = Cache()
    await asyncio.create_task(cache.refresh("users"), name="refresh")
    report = asyncio.create_task(cache.report(), name="report")
    print("hung", flush=True)
    await report


asyncio.run(main())
