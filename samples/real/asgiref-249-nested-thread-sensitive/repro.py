"""asgiref 3.3.4: thread-sensitive code of a request shares one thread. That thread waits for a view
to end; the view has started a task; the task asks for thread-sensitive code of its own, and that is
queued for the thread that waits."""
import asyncio

from asgiref.sync import async_to_sync, sync_to_async


def save(order):
    return f"order {order} saved"


async def store(order):
    return await sync_to_async(save)(order)         # <- queued for the one busy thread


async def view():
    return await asyncio.gather(store(7))           # gather wraps store() in a task of its own


def middleware():
    print("middleware: calling the view ...", flush=True)
    return async_to_sync(view)()                    # <- the one thread waits here


async def main():
    print(await sync_to_async(middleware)())


asyncio.run(main())
