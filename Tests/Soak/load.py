"""Asks a server for things whose answers are known, and counts those that are wrong."""
import asyncio
import random

from aiohttp import ClientSession, ClientTimeout

ANSWERS = {
    "square": lambda n: n * n,
    "timeout": lambda n: n,
    "double": lambda n: 2 * n,
    "cube": lambda n: n ** 3,
}


class Load:
    """Clients of one server. Each asks on its own; some hang up before they are answered."""

    def __init__(self, port, rate, clients=8):
        self.base = f"http://127.0.0.1:{port}"
        self.pause = clients / rate
        self.clients = clients
        self.answered = self.wrong = self.abandoned = 0
        self.errors = []

    async def run(self, seconds):
        until = asyncio.get_running_loop().time() + seconds
        async with ClientSession(timeout=ClientTimeout(total=60)) as session:
            await asyncio.gather(*(self._client(session, until, n) for n in range(self.clients)))

    async def _client(self, session, until, seed):
        chance = random.Random(seed)
        while asyncio.get_running_loop().time() < until:
            what = chance.choice([*ANSWERS, "chunks", "stall"])
            try:
                await self._ask(session, what, chance.randrange(1000))
            except Exception as error:
                self.errors.append(f"{what}: {type(error).__name__}: {error}")
            await asyncio.sleep(chance.random() * 2 * self.pause)

    async def _ask(self, session, what, number):
        url = f"{self.base}/{what}/{number}"
        if what == "stall":
            try:
                async with session.get(url, timeout=ClientTimeout(total=0.03)) as response:
                    self.wrong += 1
            except asyncio.TimeoutError:
                self.abandoned += 1
            return
        async with session.get(url) as response:
            text = await response.text()
        expected = ("".join(f"{n * n} " for n in range(number % 5)) if what == "chunks"
                    else str(ANSWERS[what](number)))
        self.answered += 1
        self.wrong += text != expected

    async def count(self):
        """How often the server's lock was taken, by its own account."""
        async with ClientSession() as session, session.get(f"{self.base}/count/0") as response:
            return int(await response.text())
