# A thread of the C library's calls back, after a while. Nothing but that refers to what main waits for.
# expect: nothing
# snapshot: yes
import asyncio
import ctypes

library = ctypes.CDLL(None)


class Span(ctypes.Structure):
    _fields_ = [("every", ctypes.c_long * 2), ("after", ctypes.c_long * 2)]


class Notice(ctypes.Structure):
    _fields_ = [
        ("value", ctypes.c_void_p), ("signal", ctypes.c_int), ("kind", ctypes.c_int),
        ("function", ctypes.c_void_p), ("attributes", ctypes.c_void_p), ("rest", ctypes.c_char * 32),
    ]


def call(callback, after):
    by_thread, monotonic = 2, 1
    notice = Notice(kind=by_thread, function=ctypes.cast(callback, ctypes.c_void_p))
    timer = ctypes.c_void_p()
    library.timer_create(monotonic, ctypes.byref(notice), ctypes.byref(timer))
    span = Span(after=(after, 0))
    library.timer_settime(timer, 0, ctypes.byref(span), None)


async def tick():
    while True:
        await asyncio.sleep(0.1)


async def main():
    loop = asyncio.get_running_loop()
    ticking = asyncio.create_task(tick())
    for after in 1, 3600:
        called = loop.create_future()
        callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(
            lambda _: loop.call_soon_threadsafe(called.set_result, None))
        call(callback, after)
        if after > 1:
            print("idle", flush=True)
        await called
    ticking.cancel()


asyncio.run(main())
