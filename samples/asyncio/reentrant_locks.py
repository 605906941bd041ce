# Two threads, each of which enters a second object while it is inside the first.
# expect: lock-cycle
# tasks: ada-to-bob, bob-to-ada
# resource: guard
import asyncio
import threading
import time


class Account:
    def __init__(self, balance):
        self.guard = threading.RLock()
        self.balance = balance

    def add(self, amount):
        with self.guard:  # <- waits
            self.balance += amount

    def send(self, amount, other):
        with self.guard:  # <- holds
            self.add(-amount)  # enters its own guard once more, which is fine
            time.sleep(0.1)
            other.add(amount)


async def main():
    ada, bob = Account(10), Account(10)
    transfers = [
        threading.Thread(target=ada.send, args=(5, bob), name="ada-to-bob", daemon=True),
        threading.Thread(target=bob.send, args=(3, ada), name="bob-to-ada", daemon=True),
    ]
    for transfer in transfers:
        transfer.start()
    print("hung", flush=True)
    for transfer in transfers:
        await asyncio.to_thread(transfer.join)


asyncio.run(main())
