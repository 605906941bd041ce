# The program is over, but for a thread that waits for the next job.
# expect: exit-blocked
# tasks: mailer
# resource: outbox
import asyncio
import queue
import threading


class Mailer:
    def __init__(self):
        self.outbox = queue.Queue()
        self.sent = 0
        threading.Thread(target=self.run, name="mailer").start()

    def run(self):
        while True:
            mail = self.outbox.get()  # <- waits
            self.sent += len(mail)
            self.outbox.task_done()


async def main():
    mailer = Mailer()
    for number in range(3):
        mailer.outbox.put(f"mail {number}")
    await asyncio.to_thread(mailer.outbox.join)
    print("hung", flush=True)


asyncio.run(main())
