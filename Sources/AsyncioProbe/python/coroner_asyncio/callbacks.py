"""What injected calls need of Python. None of it raises: it runs inside the program's own calls."""
import opcode

from . import _coroner_probe as probe
from . import events as e

# Instructions that read a local variable, and those that read two.
_READS = {n for n, name in enumerate(opcode.opname[:256])
          if "FAST" in name and name not in ("STORE_FAST", "DELETE_FAST")}
_READS_TWO = {n for n in _READS if opcode.opname[n].count("FAST") > 1}
_READS_ALL = {"locals", "vars", "eval", "exec", "_getframe"}


def ignores_object(code):
    """Whether a method never looks at its object: its first argument is in no cell, and is not read."""
    if not code.co_argcount or code.co_freevars or code.co_cellvars:
        return False
    if _READS_ALL.intersection(code.co_names):
        return False
    raw = code.co_code
    return not any(
        raw[at] in _READS and (raw[at + 1] == 0 or raw[at] in _READS_TWO)
        for at in range(0, len(raw), 2))


def code(function, arguments):
    """The code of the function that a job runs, through partials and Context.run."""
    try:
        for _ in range(8):
            code = getattr(function, "__code__", None)
            if code is not None:
                return code
            if hasattr(function, "func") and hasattr(function, "args"):
                arguments = tuple(function.args) + tuple(arguments)
                function = function.func
            elif getattr(function, "__name__", "") == "run" and arguments:
                function, arguments = arguments[0], arguments[1:]
            else:
                function = getattr(function, "__func__", None) or type(function).__call__
    except Exception:
        pass
    return None


def handler_set(number, handler):
    """The program's own handler of a signal was set, or taken away."""
    try:
        probe.plain(e.SIGNAL_HANDLER, number)
        if callable(handler) and not _is_runtimes(handler):
            # Whom it can act on, a snapshot says: it may run between any two lines of the main thread.
            probe.signal(number, None, ())
    except Exception:
        pass


def _is_runtimes(handler):
    """Whether it is Python's for Ctrl-C, one by which asyncio's loops hear of signals, or that of a runner like
    asyncio.Runner, which libraries have for versions without one: it cancels the main task."""
    import signal

    function = getattr(handler, "func", handler)
    owner = type(getattr(function, "__self__", None))
    home = getattr(function, "__module__", None) or ""
    return (
        function is signal.default_int_handler or home.startswith("asyncio.")
        or hasattr(owner, "call_soon_threadsafe")
        or hasattr(owner, "run") and hasattr(owner, "get_loop"))


def handlers():
    """Tells of the handlers of signals that are there already."""
    import signal

    for number in range(1, signal.NSIG):
        handler = signal.getsignal(number)
        if callable(handler) and not _is_runtimes(handler):
            handler_set(number, handler)


def thread(thread):
    """A thread is about to be started."""
    try:
        probe.rec(e.RESOURCE_CREATE, thread, 0, e.THREAD)
        probe.name(thread, thread._name)
    except Exception:
        pass


def ending():
    """The interpreter is about to wait for the threads that are left, in C."""
    try:
        import threading

        threads_left = [
            thread for thread in list(threading._active.values())
            if not thread._daemonic and thread is not threading.current_thread()]
        if threads_left:
            handle = _handle(threading._main_thread)
            probe.rec(e.RESOURCE_CREATE, handle, 0, e.GROUP)
            probe.depends(handle, threads_left, e.ALL)
            probe.block(handle, None, e.OP_EXIT)
    except Exception:
        pass


def _handle(thread):
    """What a thread is joined by, from 3.13 on."""
    return getattr(thread, "_os_thread_handle", None) or thread._handle


def ended():
    try:
        import threading

        probe.plain(e.BLOCK_END, _handle(threading._main_thread))
    except Exception:
        pass
