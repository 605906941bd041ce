# A client that forgets its pending replies when the connection is lost, and never ends them.
# expect: orphaned-future
# tasks: list_users
import asyncio


class Client:
    def __init__(self):
        self.replies = {}
        self.last_id = 0

    async def call(self, method):
        self.last_id += 1
        reply = asyncio.get_running_loop().create_future()  # <- made
        self.replies[self.last_id] = reply
        return await reply  # <- waits

    def connection_lost(self):
        self.replies = {}


async def list_users(client):
    return await client.call("list_users")


async def main():
    client = Client()
    users = asyncio.create_task(list_users(client), name="list_users")
    await asyncio.sleep(0.05)
    client.connection_lost()
    print("hung", flush=True)
    await users


asyncio.run(main())
