# Threads that hand work to each other and to the loop, and idle ones that nobody waits for.
# expect: nothing
import asyncio
import queue
import threading
from concurrent.futures import ThreadPoolExecutor, wait


def work(inbox, outbox):
    while True:
        outbox.put(inbox.get() * 2)
        inbox.task_done()


async def main():
    inbox, outbox, spare = queue.Queue(4), queue.SimpleQueue(), queue.PriorityQueue()
    for _ in range(3):
        threading.Thread(target=work, args=(inbox, outbox), daemon=True).start()
    threading.Thread(target=spare.get, daemon=True).start()
    listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    gate = threading.Semaphore(2)
    barrier = threading.Barrier(2)

    def guarded(number):
        with gate:
            barrier.wait()
            return number

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(4) as pool:
        for number in range(500):
            await loop.run_in_executor(pool, inbox.put, number)
        await loop.run_in_executor(pool, inbox.join)
        assert sum(outbox.get() for _ in range(500)) == 499 * 500
        assert len(wait([pool.submit(guarded, number) for number in range(4)]).done) == 4
    print("idle", flush=True)
    await listener.serve_forever()


asyncio.run(main())
