"""nats-py < 2.15: KeyWatcher.stop() puts an end marker into the bounded queue of updates, also when
it is full.  The one who would take from the queue is the caller of stop(), who has had enough."""
import asyncio

import nats


async def is_free(entry):
    await asyncio.sleep(0.01)                      # ask elsewhere; the queue fills up again
    return entry.value == b"free"


async def find_free(watcher):
    async for entry in watcher:
        if await is_free(entry):
            await watcher.stop()                   # <- waits for room in the queue it reads
            return entry.key


async def main():
    client = await nats.connect("nats://127.0.0.1:54935")
    bucket = await client.jetstream().create_key_value(bucket="seats", storage="memory")
    for number in range(400):
        await bucket.put(f"seat-{number}", b"free" if number == 3 else b"taken")
    watcher = await bucket.watchall()
    await asyncio.sleep(0.5)                       # all updates arrive; 256 fill the queue
    print("looking", flush=True)
    print("found", await find_free(watcher))
    await client.close()


asyncio.run(main())
