# A producer may be two items ahead; the consumer gives back the permits that the producer took.
# expect: nothing
import asyncio


async def produce(queue, credit):
    for number in range(10):
        await credit.acquire()
        queue.put_nowait(number)


async def consume(queue, credit):
    while True:
        await queue.get()
        await asyncio.sleep(60)
        credit.release()


async def main():
    queue, credit = asyncio.Queue(), asyncio.Semaphore(2)
    consumer = asyncio.create_task(consume(queue, credit), name="consumer")
    print("idle", flush=True)
    await produce(queue, credit)
    consumer.cancel()


asyncio.run(main())
