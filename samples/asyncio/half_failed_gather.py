# Of two children of a gather one fails, and the other waits for what the first would have done.
# expect: orphaned-future
# tasks: render_page
# resource: session_ready
import asyncio


class Page:
    def __init__(self):
        self.session_ready = asyncio.Event()
        self.user = None

    async def load_session(self, token):
        await asyncio.sleep(0.01)
        if not token:
            raise PermissionError("no token")
        self.user = token
        self.session_ready.set()

    async def render(self):
        await self.session_ready.wait()  # <- waits
        return "Hello " + self.user


async def main():
    page = Page()
    session = asyncio.create_task(page.load_session(""), name="load_session")
    rendered = asyncio.create_task(page.render(), name="render_page")
    print("hung", flush=True)
    print(await asyncio.gather(session, rendered, return_exceptions=True))


asyncio.run(main())
