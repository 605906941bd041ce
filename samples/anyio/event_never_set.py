# The task that is to set the event fails first.
# expect: orphaned-future
# requires: anyio
# tasks: serve
# resource: ready
import asyncio

import anyio


async def load(ready):
    await anyio.sleep(0.05)
    raise LookupError("no configuration")
    ready.set()


async def serve(ready):
    await ready.wait()  # <- waits
    print("serving")


async def main():
    ready = anyio.Event()  # <- made
    loader = asyncio.create_task(load(ready), name="load")
    server = asyncio.create_task(serve(ready), name="serve")
    await anyio.sleep(0.2)
    print("hung", flush=True)
    await server
    await loader


anyio.run(main)
