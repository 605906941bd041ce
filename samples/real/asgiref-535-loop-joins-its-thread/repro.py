"""asgiref 3.11.1: a request leaves its thread-sensitive context while its thread still works. Leaving
shuts the thread down from within the event loop and blocks until it ends; the thread waits for a
coroutine of this same loop, which cannot run any more."""
import asyncio

from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async


async def load_profile():
    await asyncio.sleep(0.5)
    print("profile loaded", flush=True)


def view():
    print("view: loading the profile ...", flush=True)
    async_to_sync(load_profile)()                   # <- the thread waits for the loop


async def request():
    async with ThreadSensitiveContext():            # <- the loop waits for the thread
        response = asyncio.create_task(sync_to_async(view)())
        await asyncio.sleep(0.2)
        print("the client has gone", flush=True)
    await response


asyncio.run(request())
print("bye")
