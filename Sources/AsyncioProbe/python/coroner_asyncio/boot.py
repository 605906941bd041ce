"""Hooks asyncio once it has been imported. Whatever is not as expected is left out, and said."""
import os
import sys
import types

from . import _coroner_probe as probe
from . import callbacks, compiled, libraries, table, threads, verify

if not probe.begin():
    raise ImportError("not in a subinterpreter")

_here = os.path.dirname(os.path.abspath(__file__))
_library = os.path.join(_here, os.pardir, os.pardir, "libcoroner.so")
_minor = sys.version_info[1]
_started = None
# Types of loops that poll in a library of their own.
_native_loops = []
# Which modules have been hooked.
_ready = set()


def _start():
    """Starts the recorder, once; whether it records."""
    global _started
    if _started is None:
        program = os.path.basename(getattr(sys, "argv", [""])[0] or "python")
        _started = probe.link(os.path.realpath(_library), program)
        if _started:
            _facts()
    return _started


def _facts():
    version = "%d.%d.%d" % sys.version_info[:3]
    probe.fact("runtime", "%s %s" % (sys.implementation.name.replace("cpython", "CPython"), version))
    probe.fact("probe", "asyncio")
    probe.fact("python.executable", sys.executable or "")
    probe.fact("python.prefix", sys.prefix)


def _fallback(what, why):
    probe.fact("probe.fallback", "%s: %s" % (what, why))


def asyncio_imported(_):
    """Called when the package asyncio has been imported."""
    if "asyncio" in _ready or not _start():
        return
    probe.code = callbacks.code
    probe.thread = callbacks.thread
    probe.ending = callbacks.ending
    probe.ended = callbacks.ended
    probe.handler_set = callbacks.handler_set
    for step in (_prepare, _hook_tasks, _hook_futures, _hook_poll, _hook_loops, _hook_thread_locks, _inject_asyncio,
                 _hook_queue, _prepare_snapshots, callbacks.handlers, _at_ends):
        try:
            step()
        except Exception as error:
            _fallback(step.__name__.strip("_"), "%s: %s" % (type(error).__name__, error))
    _ready.add("asyncio")
    for module in threads.LATE:
        if _is_imported(module):
            late_imported(module)
    _libraries_imported()
    if _is_imported("uvloop.loop"):
        uvloop_imported("uvloop.loop")


def late_imported(module):
    """Called when one of `threads.LATE` has been imported, before or after asyncio."""
    if "asyncio" in _ready and module not in _ready:
        _ready.add(module)
        _inject(threads.LATE[module], module)
        _note_primitives()


def uvloop_imported(module):
    """Called when uvloop's compiled part has been imported."""
    if "asyncio" not in _ready or module in _ready:
        return
    _ready.add(module)
    try:
        names = sys.modules[module].__dict__
        loop, timer = names["Loop"], names["TimerHandle"]
        if probe.install_uvloop(*(_descriptor(loop, name) for name in (
                "call_later", "call_soon_threadsafe", "call_exception_handler", "add_signal_handler",
                "remove_signal_handler")), _descriptor(timer, "cancel")):
            _native_loops.append(loop)
        else:
            _fallback("uvloop", "pointers are not as expected")
    except Exception as error:
        _fallback("uvloop", "%s: %s" % (type(error).__name__, error))


def _is_imported(name):
    """Whether a module is there, and not only on its way."""
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    return module is not None and not getattr(spec, "_initializing", False)


def library_imported(trigger):
    """Called when one of `libraries.LIBRARIES` has been imported, after asyncio."""
    if "asyncio" not in _ready or trigger in _ready:
        return
    _ready.add(trigger)
    groups, is_complete = libraries.groups(trigger)
    kept = compiled.Compiled(trigger)
    for name, variants in groups:
        if name in _ready:
            continue
        why = libraries.hook(variants, probe, _find, kept)
        if not why:
            _ready.add(name)
        elif is_complete:
            _fallback("not recorded: %s" % name, why)
    kept.save()
    _reach()


def _libraries_imported():
    """Hooks what has been imported unseen: before asyncio, or past another import hook."""
    for trigger in libraries.LIBRARIES:
        if _is_imported(trigger):
            library_imported(trigger)


def _prepare():
    import asyncio.events

    bottom = asyncio.events.Handle._run.__code__
    async_generator = verify.async_generator_types()
    known = (
        types.CoroutineType, types.GeneratorType, verify.coroutine_wrapper_type(),
        async_generator[0], async_generator[1], types.CodeType, types.CellType, types.FunctionType,
    )
    stdlib = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
    probe_files = os.path.dirname(_here) + os.sep
    if not probe.setup(_minor, known, bottom, stdlib, probe_files):
        raise LookupError("Python 3.%d is not known" % _minor)
    wrong = verify.mismatch(probe)
    if wrong:
        _fallback("no stacks", wrong)
    else:
        probe.read_stacks()
        if verify.handles_as_expected(probe):
            probe.read_handled()
        else:
            _fallback("no handled exceptions", "they are not where the layout says")
        if not probe.code_parts(*verify.code_parts()):
            _fallback("no stacks of calls into C that keep the GIL", "code objects are not as expected")
    _note_primitives()


def _note_primitives():
    for module, name, flag in table.ROLES:
        probe.site_role(getattr(_find(module, name), "__code__", None), flag)
    for module, name, operation, slot, absorbs in table.PRIMITIVES + threads.PRIMITIVES:
        function = _find(module, name)
        if function is not None:
            probe.primitive(function.__code__, operation, slot, absorbs, name in table.FUTURE_MAKERS)


def _hook_tasks():
    import asyncio
    import _asyncio

    if asyncio.Task is not _asyncio.Task or asyncio.Future is not _asyncio.Future:
        raise LookupError("asyncio does not use its C tasks")
    task = _asyncio.Task
    step, wakeup = verify.step_parts(task)
    ok = probe.install_tasks(
        _descriptor(task, "_fut_waiter"), _descriptor(task, "_coro"), _descriptor(task, "_state"),
        _descriptor(task, "_exception"), type(step), wakeup, task, _descriptor(task, "__init__"),
        _descriptor(task, "set_name"), _descriptor(task, "cancel"))
    if not ok:
        raise LookupError("pointers are not as expected")


def _hook_futures():
    import asyncio
    import _asyncio

    future = _asyncio.Future
    if not probe.install_futures(
        future, *(_descriptor(future, name)
                  for name in ("__init__", "set_result", "set_exception", "cancel")),
        asyncio.base_events.BaseEventLoop.create_future.__code__,
    ):
        raise LookupError("pointers are not as expected")


def _hook_poll():
    import select

    if not probe.install_poll(_descriptor(select.epoll, "poll")):
        raise LookupError("pointers are not as expected")


def _hook_loops():
    probe.watches(_watches)
    import _asyncio

    if not probe.install_running_loop(_asyncio._set_running_loop):
        raise LookupError("pointers are not as expected")


def _hook_thread_locks():
    import _thread

    names = ("acquire", "__enter__", "release", "__exit__")
    example = _thread.allocate_lock()
    lock = type(example)
    ok = probe.install_locks(example, *(_descriptor(lock, name) for name in names))
    names += ("_release_save", "_acquire_restore")
    reentrant = _thread.RLock
    ok = probe.install_rlocks(reentrant(), *(_descriptor(reentrant, name) for name in names)) and ok
    ok = probe.install_lock_creation(_thread.allocate_lock, lock, reentrant) and ok
    handle = getattr(_thread, "_ThreadHandle", None)
    if handle is not None:
        ok = probe.install_join(_descriptor(handle, "join"), _descriptor(handle, "is_done")) and ok
    module_lock = _find("_frozen_importlib", "_ModuleLock")
    find_and_load = _find("_frozen_importlib", "_find_and_load")
    if isinstance(module_lock, type) and isinstance(find_and_load, types.FunctionType):
        probe.imports(module_lock, find_and_load)
    if not ok:
        raise LookupError("pointers are not as expected")


def _hook_queue():
    try:
        from _queue import SimpleQueue
    except ImportError:
        return
    if not probe.install_simple_queue(
        SimpleQueue, *(_descriptor(SimpleQueue, name) for name in ("get", "put", "qsize"))):
        raise LookupError("pointers are not as expected")


def _descriptor(cls, name):
    for base in cls.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    raise LookupError("no %s.%s" % (cls.__name__, name))


def _prepare_snapshots():
    import _asyncio
    import _io
    import _socket
    import _thread
    import _weakref
    import asyncio.base_events
    import asyncio.events
    import selectors

    lock = type(_thread.allocate_lock())
    loop = asyncio.base_events.BaseEventLoop
    known = (
        types.ModuleType, lock, _asyncio.Task, _asyncio.Future, _weakref.ref, _weakref.ProxyType,
        _weakref.CallableProxyType, asyncio.events.TimerHandle, selectors.SelectorKey, loop,
        loop.run_until_complete, loop.run_forever, _socket.socket, _io.FileIO,
        asyncio.base_events.Server)
    if not probe.snapshots(table.THREAD_PRIMITIVES, known, _descriptor(lock, "locked")):
        raise LookupError("CORONER_SIGNAL names no signal that could be used")


def _reach():
    import asyncio.events
    import asyncio.futures

    known = [asyncio.futures.Future]
    known += [_find(module, name) for module, name in {*table.KNOWN, *libraries.known()}]
    closed = (asyncio.events.AbstractEventLoop, types.ModuleType, types.FrameType, types.CodeType)
    probe.reach(
        tuple(cls for cls in known if isinstance(cls, type)), closed,
        asyncio.futures._set_result_unless_cancelled, types.MethodType, callbacks.ignores_object)


def _inject_asyncio():
    _reach()
    probe.states(sys.intern("PENDING"), sys.intern("CANCELLED"))
    probe.queues(*(_find("asyncio.queues", name) for name in ("Queue", "PriorityQueue", "LifoQueue")))
    _inject(table.ADDITIONS + threads.ADDITIONS, "asyncio")
    # Injection gave the primitives new code.
    _note_primitives()
    for module, name in threads.PASSAGES:
        function = _find(module, name)
        if isinstance(function, types.FunctionType):
            probe.passage(function.__code__)
    import threading

    probe.signals(*(getattr(function, "__code__", None) for function in (
        threading.Condition.wait, threading.Condition.notify,
        getattr(threading.Thread, "_set_tstate_lock", None))))


def _inject(rows, part):
    kept = compiled.Compiled(part)
    for module, name, (since, until), additions in rows:
        if (since and _minor < since) or (until and _minor > until):
            continue
        function = _find(module, name)
        if function is None:
            _fallback("not recorded: %s.%s" % (module, name), "there is none")
            continue
        try:
            code = kept.changed(function, "%s.%s" % (module, name), additions)
            if isinstance(code, str):
                _fallback("not recorded: %s.%s" % (module, name), code)
            else:
                function.__code__ = compiled.placed(code, probe)
        except Exception as error:
            _fallback("not recorded: %s.%s" % (module, name),
                      "%s: %s" % (type(error).__name__, error))
    kept.save()


def _find(module, name):
    """A function or class of an imported module, by its qualified name, or None."""
    found = sys.modules.get(module)
    for part in name.split("."):
        if isinstance(found, property):
            found = getattr(found, part, None)
        else:
            found = getattr(found, "__dict__", {}).get(part)
    return getattr(found, "__func__", found)


def _at_ends():
    import atexit
    import threading

    thread = threading._active.get(threading.get_ident())
    if thread is not None:
        probe.thread_begin(thread, thread._name)

    atexit.register(probe.stop_watch, False)
    os.register_at_fork(after_in_child=_forked)
    if _minor >= 12:
        # Forking warns of a process that has several threads: ours are not the program's.
        os.register_at_fork(before=probe.rest, after_in_parent=probe.go_on)
    probe.watch()


def _forked():
    probe.stop_watch(True)
    probe.watch()
    callbacks.handlers()


def _watches(loop):
    """Whether the watchdog can tell when a loop's thread is in its selector."""
    try:
        _libraries_imported()
        if isinstance(loop, tuple(_native_loops)):
            _own_descriptors(loop)
            return True
        return type(loop._selector).__name__ == "EpollSelector"
    except Exception:
        return False


def _own_descriptors(loop):
    """Marks the sockets that a loop keeps for itself: by them it hears of signals."""
    import gc
    import socket

    for part in gc.get_referents(loop):
        if isinstance(part, socket.socket):
            probe.own_descriptor(part.fileno())
