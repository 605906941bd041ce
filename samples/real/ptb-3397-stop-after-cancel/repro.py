"""python-telegram-bot 20.0 in somebody else's loop: on shutdown the host cancels all tasks, as hosts
do, and with them the one that takes updates from the queue. Application.stop() puts its last word
into this queue and waits until all of it is dealt with."""
import asyncio
import json

from telegram.ext import ApplicationBuilder, TypeHandler
from telegram.request import BaseRequest


class Offline(BaseRequest):
    """Answers everything with the bot's own profile; no network."""
    async def initialize(self): ...
    async def shutdown(self): ...

    read_timeout = 5

    async def do_request(self, *args, **kwargs):
        bot = {"id": 1, "is_bot": True, "first_name": "demo", "username": "demo_bot"}
        return 200, json.dumps({"ok": True, "result": bot}).encode()


async def on_update(update, context):
    print("handled", update, flush=True)


async def main():
    app = (ApplicationBuilder().token("1:demo").updater(None).job_queue(None)
           .request(Offline()).get_updates_request(Offline()).build())
    app.add_handler(TypeHandler(str, on_update))
    await app.initialize()
    await app.start()
    await app.update_queue.put("hello")
    await asyncio.sleep(0.2)
    print("shutting down", flush=True)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()                               # <- the queue's only consumer ends here
    await asyncio.sleep(0)
    await app.stop()                                # <- waits for it in Queue.join()
    await app.shutdown()
    print("stopped")


asyncio.run(main())
