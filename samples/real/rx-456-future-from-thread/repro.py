"""RxPY 3.0.1: awaiting an observable makes a future and lets the observable's own scheduler fill it
in. That one runs timers on threads: the future gets its result on the wrong thread, without a word
to the event loop, which sleeps on with the result in its hands."""
import asyncio

import rx
from rx import operators as ops


async def main():
    reading = rx.timer(0.2).pipe(ops.map(lambda _: 21.5))
    print("waiting for the sensor ...", flush=True)
    print("sensor says", await reading)             # <- done, but the loop is not woken
    print("bye")


asyncio.run(main())
