# Waits that nothing would end but their timeout, which fires as intended.
# expect: nothing
import asyncio


class Client:
    def __init__(self):
        self.reply = asyncio.Event()
        self.lock = asyncio.Lock()
        self.inbox = asyncio.Queue()

    async def poll(self, wait):
        try:
            await asyncio.wait_for(wait, timeout=0.02)
        except asyncio.TimeoutError:
            return "timeout"


async def main():
    client = Client()
    async with client.lock:
        waits = [client.reply.wait(), client.lock.acquire(), client.inbox.get()]
        results = await asyncio.gather(*[client.poll(wait) for wait in waits])
    assert results == ["timeout"] * 3
    done, pending = await asyncio.wait(
        [asyncio.create_task(client.inbox.get(), name="next")], timeout=0.02
    )
    assert not done
    # Killed while it waits for a mail that its timer will give up on.
    asyncio.get_running_loop().call_later(60, client.inbox.put_nowait, "nothing")
    print("idle", flush=True)
    await asyncio.gather(*pending)


asyncio.run(main())
