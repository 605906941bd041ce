# Two loops in two threads: each holds its own lock while it waits for a coroutine on the other loop that needs the
# lock there.
# expect: lock-cycle
# tasks: orders, stock
import asyncio
import threading


class Department:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever).start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    async def open(self):
        self.lock = asyncio.Lock()

    async def use(self):
        async with self.lock:  # <- waits
            pass

    async def ask(self, name, other):
        asyncio.current_task().set_name(name)
        async with self.lock:
            await asyncio.sleep(0.1)
            answer = other.run(other.use())
            print("hung", flush=True)
            await asyncio.wrap_future(answer)  # <- waits


orders, stock = Department(), Department()
for department in (orders, stock):
    department.run(department.open()).result()
jobs = [orders.run(orders.ask("orders", stock)), stock.run(stock.ask("stock", orders))]
for job in jobs:
    job.result()
