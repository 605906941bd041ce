# The sender ends without closing its end of the stream; the receiver waits for one more item.
# expect: queue-no-producer
# requires: anyio
# tasks: consume
import anyio


async def produce(send):
    for item in range(3):
        await send.send(item)


async def consume(receive):
    async for item in receive:  # <- waits
        print("got", item)


async def main():
    send, receive = anyio.create_memory_object_stream(1)
    async with anyio.create_task_group() as group:
        group.start_soon(produce, send, name="produce")
        group.start_soon(consume, receive, name="consume")
        await anyio.sleep(0.2)
        print("hung", flush=True)


anyio.run(main)
