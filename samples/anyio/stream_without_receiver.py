# The receiver fails and leaves its end of the stream open; the sender waits for room.
# expect: queue-no-consumer
# requires: anyio
# tasks: produce
import anyio


async def consume(receive):
    item = await receive.receive()
    print("got", item)
    if item == 1:
        return  # and does not close


async def produce(send):
    for item in range(1, 9):
        await send.send(item)  # <- waits


async def main():
    send, receive = anyio.create_memory_object_stream(2)  # <- made
    async with anyio.create_task_group() as group:
        group.start_soon(consume, receive, name="consume")
        group.start_soon(produce, send, name="produce")
        await anyio.sleep(0.2)
        print("hung", flush=True)


anyio.run(main)
