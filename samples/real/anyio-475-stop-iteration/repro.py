"""anyio 3.6.2: a function in a worker thread ends with StopIteration, as next() does at the end of
its input. A future refuses this one exception; the callback that should have handed it over fails
instead, and the future that the task awaits is left as it was."""
import anyio


def first_row(rows):
    return next(iter(rows))                         # raises StopIteration


async def main():
    print("reading the first row ...", flush=True)
    try:
        print("row", await anyio.to_thread.run_sync(first_row, []))     # <- never hears of it
    except RuntimeError:
        print("no row")


anyio.run(main)
