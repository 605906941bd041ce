"""What recording costs a thread that nobody waits for: ns of its CPU time for one use of a primitive.

Run it without and with recording and compare:

    python Tests/Benchmarks/thread_bench.py
    coroner record -- python Tests/Benchmarks/thread_bench.py
"""
import asyncio  # noqa: F401 (what is recorded is recorded from its import on)
import queue
import threading
import time

ROUNDS = 15


def lock(uses, made=threading.Lock):
    guard = made()
    for _ in range(uses):
        with guard:
            pass


def rlock(uses):
    lock(uses, threading.RLock)


def semaphore(uses):
    lock(uses, lambda: threading.Semaphore(2))


def condition(uses):
    changed = threading.Condition()
    for _ in range(uses):
        with changed:
            changed.notify()


def event(uses):
    done = threading.Event()
    for _ in range(uses):
        done.set()
        done.clear()


def put_get(uses):
    items = queue.Queue()
    for _ in range(uses):
        items.put(1)
        items.get()


def measure():
    for work, uses in ((lock, 100_000), (rlock, 100_000), (semaphore, 20_000), (condition, 20_000),
                       (event, 20_000), (put_get, 20_000)):
        times = []
        for _ in range(ROUNDS):
            begin = time.thread_time_ns()
            work(uses)
            times.append((time.thread_time_ns() - begin) / uses)
        print("%-10s %6.0f ns" % (work.__name__, min(times)))


thread = threading.Thread(target=measure)
thread.start()
thread.join()
