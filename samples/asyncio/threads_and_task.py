# A task holds one lock while it awaits a job that needs the other, which a thread holds that needs the first.
# expect: lock-cycle
# tasks: close_day, audit
# resource: till_lock, book_lock
import asyncio
import threading


class Shop:
    def __init__(self):
        self.till_lock = threading.Lock()
        self.book_lock = threading.Lock()
        self.has_book = threading.Event()

    def write_report(self):
        with self.book_lock:  # <- waits
            return "report"

    async def close_day(self):
        with self.till_lock:  # <- holds
            await asyncio.to_thread(self.has_book.wait)
            return await asyncio.to_thread(self.write_report)

    def audit(self):
        with self.book_lock:  # <- holds
            self.has_book.set()
            with self.till_lock:  # <- waits
                return "audited"


async def main():
    shop = Shop()
    day = asyncio.create_task(shop.close_day(), name="close_day")
    await asyncio.sleep(0.05)
    threading.Thread(target=shop.audit, name="audit", daemon=True).start()
    print("hung", flush=True)
    await day


asyncio.run(main())
