# A synchronous property asks its own loop for a value and waits for the answer on the loop's thread.
# expect: loop-self-wait
# tasks: render
import asyncio


class Settings:
    def __init__(self, loop):
        self.loop = loop

    async def load(self):
        await asyncio.sleep(0.01)
        return {"theme": "dark"}

    @property
    def theme(self):
        loading = asyncio.run_coroutine_threadsafe(self.load(), self.loop)  # <- made
        return loading.result()["theme"]  # <- waits


async def render(settings):
    print("hung", flush=True)
    return "<body class=%s>" % settings.theme


async def main():
    settings = Settings(asyncio.get_running_loop())
    print(await asyncio.create_task(render(settings), name="render"))


asyncio.run(main())
