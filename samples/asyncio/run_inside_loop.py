# A synchronous helper runs a second loop in a thread and waits for it; what runs there needs the first.
# expect: loop-self-wait
# tasks: sign_in
import asyncio
from concurrent.futures import ThreadPoolExecutor


def run_sync(coroutine):
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, coroutine).result()  # <- waits


class Session:
    def __init__(self, loop):
        self.loop = loop

    async def fetch_token(self):
        return "secret"

    async def refresh(self):
        fetching = asyncio.run_coroutine_threadsafe(self.fetch_token(), self.loop)
        return await asyncio.wrap_future(fetching)


async def sign_in(session):
    print("hung", flush=True)
    return run_sync(session.refresh())


async def main():
    session = Session(asyncio.get_running_loop())
    print(await asyncio.create_task(sign_in(session), name="sign_in"))


asyncio.run(main())
