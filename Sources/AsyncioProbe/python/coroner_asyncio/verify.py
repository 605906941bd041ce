"""Finds the interpreter's hidden types and checks, before stacks are read, how frames lie in memory."""
import sys
import types


def coroutine_wrapper_type():
    """What a coroutine's `__await__` returns."""
    coroutine = _nothing()
    wrapper = coroutine.__await__()
    coroutine.close()
    return type(wrapper)


def async_generator_types():
    """What an async generator's asend and athrow return."""
    generator = _items()
    send = generator.asend(None)
    throw = generator.athrow(ValueError)
    found = type(send), type(throw)
    send.close()
    throw.close()
    return found


async def _nothing():
    pass


async def _items():
    yield


@types.coroutine
def _pause():
    yield 1


async def _inner(first):
    for _ in range(2):
        await _pause()
    return first


async def _outer(first, second):
    x = [first, second]
    return await _inner(x)


async def _wrapped(first):
    return await _outer(first, None).__await__.__self__


def mismatch(probe):
    """What is not where the layout says, or None: known stacks, read both ways."""
    coroutine = _wrapped(1)
    try:
        for _ in range(2):
            coroutine.send(None)
            if probe.walk(coroutine) != _expected(coroutine):
                return "an await chain is not as the layout says"
    finally:
        coroutine.close()
    read, expected = _both(probe)
    if len(read) != len(expected) or read[0::2] != expected[0::2]:
        return "a stack is not as the layout says"
    # The two reads are calls of one line; only the frames below it stand still.
    if read[5::2] != expected[5::2]:
        return "positions in a stack are not as the layout says"
    return None


def _expected(coroutine):
    chain = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            break
        chain += [id(frame.f_code), frame.f_lasti]
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return chain


def handles_as_expected(probe):
    """Whether the exception that a suspended coroutine handles is found, and none where it handles none."""
    coroutine = _handling()
    found = [(coroutine.send(None), probe.handled(coroutine))[1] for _ in range(3)]
    coroutine.close()
    return found[0] is None and type(found[1]) is KeyError and found[2] is None


async def _handling():
    await _pause()
    try:
        raise KeyError
    except KeyError:
        await _inner_pause()
    await _pause()


async def _inner_pause():
    await _pause()


def _both(probe):
    def deeper(count):
        if count:
            return deeper(count - 1)
        read = probe.here()
        frame = sys._getframe()
        expected = []
        while frame is not None and len(expected) < 256:
            expected += [id(frame.f_code), frame.f_lasti]
            frame = frame.f_back
        return read, expected

    return deeper(3)


def code_parts():
    """A code object whose parts are its own, and these parts: by them they are found in others."""
    table = "co_linetable" if hasattr(types.CodeType, "co_linetable") else "co_lnotab"
    name = "co_qualname" if hasattr(types.CodeType, "co_qualname") else "co_name"
    code = _pause.__code__
    # The same bytes in an object of their own.
    own = {table: bytes(bytearray(getattr(code, table))), name: "coroner_asyncio.code_parts"}
    code = code.replace(co_filename="/coroner/code_parts", co_firstlineno=1234567, **own)
    return (code, code.co_filename, getattr(code, name), getattr(code, table), 1234567,
            type(code).__basicsize__)


class _Loop:
    """Enough of a loop to create a task on that never runs."""

    def __init__(self):
        self.steps = []

    def get_debug(self):
        return False

    def call_soon(self, step, *arguments, context=None):
        self.steps.append(step)

    def call_exception_handler(self, context):
        pass

    def is_running(self):
        return False


class _Awaited:
    """A stand-in for a future: keeps what a task asks it to call."""

    _asyncio_future_blocking = False

    def __init__(self, loop):
        self._loop = loop
        self.callbacks = []

    def get_loop(self):
        return self._loop

    def add_done_callback(self, callback, *, context=None):
        self.callbacks.append(callback)

    def __await__(self):
        self._asyncio_future_blocking = True
        yield self

    __iter__ = __await__

    def cancel(self, *arguments, **keywords):
        return False


async def _await(future):
    await future


def step_parts(task_class):
    """What schedules a task's first step, and what wakes a task up."""
    import asyncio.events

    loop = _Loop()
    future = _Awaited(loop)
    task = task_class(_await(future), loop=loop, name="coroner")
    step = loop.steps[0]
    # From 3.14 on a task runs only in the loop that its thread runs.
    running = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(loop)
    try:
        step()
        wakeup = future.callbacks[0]
    finally:
        asyncio.events._set_running_loop(running)
        _finish(task, loop)
    return step, wakeup


def _finish(task, loop):
    """Ends the task without a trace: it must not be reported as destroyed while pending."""
    try:
        task._log_destroy_pending = False
        task.get_coro().close()
    except Exception:
        pass
