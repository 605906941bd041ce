# A job that holds a lock calls a method that takes it too.
# expect: self-deadlock
# tasks: flush
# resource: lock
import asyncio
import threading


class Log:
    def __init__(self):
        self.lock = threading.Lock()
        self.lines = []

    def write(self, line):
        with self.lock:  # <- waits
            self.lines.append(line)

    def flush(self):
        with self.lock:  # <- holds
            lines, self.lines = self.lines, []
            self.write(f"{len(lines)} lines flushed")


async def main():
    log = Log()
    log.write("started")
    print("hung", flush=True)
    await asyncio.to_thread(log.flush)


asyncio.run(main())
