# The task that hands out the replies dies of a bad message; its callers wait on.
# expect: orphaned-future
# tasks: load_profile
# because: KeyError
import asyncio


class Channel:
    def __init__(self, messages):
        self.messages = messages
        self.pending = {}
        self.reader = asyncio.create_task(self.dispatch(), name="dispatch")

    async def dispatch(self):
        for message in self.messages:
            await asyncio.sleep(0.05)
            self.pending[message["id"]].set_result(message["body"])

    async def request(self, number):
        reply = asyncio.get_running_loop().create_future()  # <- made
        self.pending[number] = reply
        return await reply  # <- waits


async def load_profile(channel):
    return await channel.request(1)


async def main():
    channel = Channel([{"error": "quota exceeded"}, {"id": 1, "body": "Ada"}])
    profile = asyncio.create_task(load_profile(channel))
    print("hung", flush=True)
    await profile


asyncio.run(main())
