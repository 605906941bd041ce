# All primitives, contended, with timeouts and cancellations; then it waits for a client.
# expect: nothing
# requires: anyio
import anyio


async def use(lock, semaphore, limiter, condition, send):
    for turn in range(20):
        async with lock, semaphore, limiter:
            await anyio.to_thread.run_sync(sum, (1, 2))
        with anyio.move_on_after(0.001):
            await anyio.Event().wait()
        async with condition:
            condition.notify_all()
        await send.send(turn)
    send.close()


async def watch(condition):
    async with condition:
        while True:
            await condition.wait()


async def main():
    send, receive = anyio.create_memory_object_stream(3)
    tools = anyio.Lock(), anyio.Semaphore(2), anyio.CapacityLimiter(1), anyio.Condition()
    async with anyio.create_task_group() as group:
        group.start_soon(watch, tools[3])
        for n in range(6):
            group.start_soon(use, *tools, send.clone())
        send.close()
        print(len([item async for item in receive]))
        group.cancel_scope.cancel()
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        print("idle", flush=True)
        await listener.serve(lambda client: client.aclose())


anyio.run(main)
