"""anyio 3.4 and newer on asyncio: see `libraries`."""
from . import events as e

_BACKEND = "anyio._backends._asyncio"
_CORE = "anyio._core._synchronization"
_MEMORY = "anyio.streams.memory"

_ACQUIRED = "R.acquired(self)"
_RELEASED = "R.released(self)"
_BUFFERED = "R.rec({e.%s}, self._state, 0, len(self._state.buffer))"


def _created(what, kind, capacity="0"):
    return "R.rec({e.RESOURCE_CREATE}, %s, %s, {e.%s})" % (what, capacity, kind)


def _function(module, name, *additions):
    return module, name, tuple((where, text.format(e=e)) for where, text in additions)


def _wait(module, name, operation, local="self", absorbs=True):
    return module, name, operation, local, absorbs


_EVENT = (
    [
        _function(_BACKEND, "Event.__init__", ("end", _created("self", "EVENT"))),
        _function(_BACKEND, "Event.set", ("entry", "R.event_set(self)")),
    ],
    [_wait(_BACKEND, "Event.wait", e.OP_EVENT_WAIT)],
)

# release() makes a waiter the owner, before it runs.
_LOCK = (
    [
        _function(_BACKEND, "Lock.__init__", ("end", _created("self", "LOCK"))),
        _function(_BACKEND, "Lock.acquire",
                  ("after:self._owner_task = task", _ACQUIRED), ("after:await fut", _ACQUIRED)),
        _function(_BACKEND, "Lock.acquire_nowait", ("after:self._owner_task = task", _ACQUIRED)),
        _function(_BACKEND, "Lock.release",
                  ("before:self._owner_task = task", _RELEASED),
                  ("after:self._owner_task = task", "R.rec({e.ACQUIRED}, self, task)"),
                  ("before:self._owner_task = None", _RELEASED)),
    ],
    [_wait(_BACKEND, "Lock.acquire", e.OP_ACQUIRE)],
)
_LOCK_OF_EVENTS = (  # up to 4.6
    [
        _function(_CORE, "Lock.__init__", ("end", _created("self", "LOCK"))),
        _function(_CORE, "Lock.acquire", ("after:await event.wait()", _ACQUIRED)),
        _function(_CORE, "Lock.acquire_nowait", ("after:self._owner_task = task", _ACQUIRED)),
        _function(_CORE, "Lock.release",
                  ("before:self._owner_task, event = ...", _RELEASED),
                  ("after:self._owner_task, event = ...",
                   "R.rec({e.ACQUIRED}, self, self._owner_task.id)"),
                  ("before:del self._owner_task", _RELEASED)),
    ],
    [_wait(_CORE, "Lock.acquire", e.OP_ACQUIRE)],
)

# A waiter that was let in and cancelled at once gives back what it never said it took.
_SEMAPHORE = (
    [
        _function(_BACKEND, "Semaphore.__init__",
                  ("end", _created("self", "SEMAPHORE", "initial_value"))),
        _function(_BACKEND, "Semaphore.acquire",
                  ("before:self.release() #2", _ACQUIRED),
                  ("after:self._value -= 1", _ACQUIRED), ("after:await fut", _ACQUIRED)),
        _function(_BACKEND, "Semaphore.acquire_nowait", ("after:self._value -= 1", _ACQUIRED)),
        _function(_BACKEND, "Semaphore.release",
                  ("before:fut.set_result(None)", _RELEASED), ("before:self._value += 1", _RELEASED)),
    ],
    [_wait(_BACKEND, "Semaphore.acquire", e.OP_ACQUIRE)],
)
_SEMAPHORE_OF_EVENTS = (  # up to 4.6
    [
        _function(_CORE, "Semaphore.__init__",
                  ("end", _created("self", "SEMAPHORE", "initial_value"))),
        _function(_CORE, "Semaphore.acquire",
                  ("before:self.release() #1", _ACQUIRED), ("after:await event.wait()", _ACQUIRED)),
        _function(_CORE, "Semaphore.acquire_nowait", ("after:self._value -= 1", _ACQUIRED)),
        _function(_CORE, "Semaphore.release",
                  ("before:self._waiters.popleft().set()", _RELEASED),
                  ("before:self._value += 1", _RELEASED)),
    ],
    [_wait(_CORE, "Semaphore.acquire", e.OP_ACQUIRE)],
)

_LIMITER_WAITS = [_wait(_BACKEND, "CapacityLimiter.acquire_on_behalf_of", e.OP_ACQUIRE)]
_BORROWED = ("after:self._borrowers.add(borrower)", "R.rec({e.ACQUIRED}, self, borrower)")
_RETURNED = "R.rec({e.RELEASED}, self, borrower)"
_LIMITER = [
    _function(_BACKEND, "CapacityLimiter.__init__",
              ("end", _created("self", "SEMAPHORE", "int(min(total_tokens, 1 << 31))"))),
    _function(_BACKEND, "CapacityLimiter.acquire_on_behalf_of_nowait", _BORROWED),
    _function(_BACKEND, "CapacityLimiter.release_on_behalf_of",
              ("after:self._borrowers.remove(borrower)", _RETURNED)),
]
# Its waiters become borrowers before they run.
_LIMITER_THAT_HANDS_OVER = (
    _LIMITER + [
        _function(_BACKEND, "CapacityLimiter.acquire_on_behalf_of",
                  ("after:await event.wait()", "R.rec({e.ACQUIRED}, self, borrower)"),
                  ("after:self._borrowers.discard(borrower)", _RETURNED)),
        _function(_BACKEND, "CapacityLimiter._notify_next_waiter", _BORROWED),
        _function(_BACKEND, "CapacityLimiter.total_tokens.fset", _BORROWED),
    ], _LIMITER_WAITS)
_LIMITER_THAT_WAKES = (  # up to 4.12 at least
    _LIMITER + [_function(_BACKEND, "CapacityLimiter.acquire_on_behalf_of", _BORROWED)],
    _LIMITER_WAITS)

_CONDITION = (
    [
        _function(_CORE, "Condition.__init__",
                  ("entry", "_coroner_own = lock is None"),
                  ("end", _created("self", "CONDITION", "self._lock")),
                  ("end", "_coroner_own and R.plain({e.DEPENDS}, self._lock, self, {e.GUARD})")),
        _function(_CORE, "Condition.notify",
                  ("after:self._check_acquired()", "R.rec({e.NOTIFIED}, self, n, len(self._waiters))")),
        _function(_CORE, "Condition.notify_all",
                  ("after:self._check_acquired()",
                   "R.rec({e.NOTIFIED}, self, len(self._waiters), len(self._waiters))")),
    ],
    [_wait(_CORE, "Condition.wait", e.OP_CONDITION_WAIT)],
)

# The two ends of a stream, and their clones, share a state: a queue. What waits at it keeps it in a local.
_STATE = ("entry", "_coroner_state = self._state")
_SENT = (
    "after:await send_event.wait()",
    "send_event in self._state.waiting_senders or " + _BUFFERED % "QUEUE_PUT")
_BUFFER = ("after:self._state.buffer.append(item)", _BUFFERED % "QUEUE_PUT")
_RECEIVE = _function(
    _MEMORY, "MemoryObjectReceiveStream.receive_nowait",
    ("before:return self._state.buffer.popleft()",
     "R.rec({e.QUEUE_GOT}, self._state, 0, len(self._state.buffer) - 1)"))
_SEND = _function(_MEMORY, "MemoryObjectSendStream.send", _STATE, _SENT)
_MADE = ("return", _created("state", "QUEUE", "int(min(max_buffer_size, 1 << 31))"))
_STREAM_WAITS = [
    _wait(_MEMORY, "MemoryObjectSendStream.send", e.OP_QUEUE_PUT, "_coroner_state"),
    _wait(_MEMORY, "MemoryObjectReceiveStream.receive", e.OP_QUEUE_GET, "_coroner_state"),
]
_STREAM = (
    [
        _function("anyio._core._streams", "create_memory_object_stream.__new__", _MADE), _RECEIVE, _SEND,
        _function(_MEMORY, "MemoryObjectReceiveStream.receive", _STATE,
                  ("before:return receiver.item",
                   "hasattr(receiver, 'item') and " + _BUFFERED % "QUEUE_GOT")),
        _function(_MEMORY, "MemoryObjectSendStream.send_nowait", _BUFFER,
                  ("after:receiver.item = item", _BUFFERED % "QUEUE_PUT")),
    ], _STREAM_WAITS)
_STREAM_OF_CONTAINERS_BODY = [
    _RECEIVE, _SEND,
    _function(_MEMORY, "MemoryObjectReceiveStream.receive", _STATE,
              ("before:return container[0]", _BUFFERED % "QUEUE_GOT")),
    _function(_MEMORY, "MemoryObjectSendStream.send_nowait", _BUFFER,
              ("after:container.append(item)", _BUFFERED % "QUEUE_PUT")),
]
_STREAM_OF_CONTAINERS = (  # up to 4.3
    [_function("anyio._core._streams", "create_memory_object_stream.__new__", _MADE)]
    + _STREAM_OF_CONTAINERS_BODY, _STREAM_WAITS)
_STREAM_BY_FUNCTION = (  # up to 3.7
    [_function("anyio._core._streams", "create_memory_object_stream", _MADE)]
    + _STREAM_OF_CONTAINERS_BODY, _STREAM_WAITS)

# What start() waits for comes from the task that it starts.
_GROUP = (
    [
        _function(_BACKEND, "TaskGroup.__init__", ("end", _created("self", "GROUP"))),
        _function(_BACKEND, "TaskGroup._spawn",
                  ("return", "R.plain({e.DEPENDS}, self, task, {e.ALL})"),
                  ("return",
                   "task_status_future and R.plain({e.DEPENDS}, task_status_future, task, {e.ALL})")),
    ],
    [_wait(_BACKEND, "TaskGroup.__aexit__", e.OP_GROUP, absorbs=False)],
)


# A limiter bounds the threads, so the pool itself never runs out of them.
def _threads(function):
    return (
        [
            _function(_BACKEND, function,
                      ("after:workers = set()", _created("workers", "EXECUTOR", "1 << 31")),
                      ("before:worker.queue.put_nowait(...",
                       "R.job_queue(future, workers, R.code(func, args))")),
            _function(_BACKEND, "WorkerThread.run",
                      ("around:result = context.run(func, *args)",
                       "R.job_start(future) | R.job_end()")),
        ], [])


GROUPS = (
    ("anyio's Event", (_EVENT,)),
    ("anyio's Lock", (_LOCK, _LOCK_OF_EVENTS)),
    ("anyio's Semaphore", (_SEMAPHORE, _SEMAPHORE_OF_EVENTS)),
    ("anyio's CapacityLimiter", (_LIMITER_THAT_HANDS_OVER, _LIMITER_THAT_WAKES)),
    ("anyio's Condition", (_CONDITION,)),
    ("anyio's memory object streams", (_STREAM, _STREAM_OF_CONTAINERS, _STREAM_BY_FUNCTION)),
    ("anyio's TaskGroup", (_GROUP,)),
    ("anyio's worker threads", (
        _threads("AsyncIOBackend.run_sync_in_worker_thread"), _threads("run_sync_in_worker_thread"))),
)

KNOWN = (
    (_BACKEND, "Event"), (_BACKEND, "Lock"), (_CORE, "Lock"), (_BACKEND, "Semaphore"),
    (_CORE, "Semaphore"), (_BACKEND, "CapacityLimiter"), (_CORE, "Condition"),
    (_BACKEND, "TaskGroup"), (_MEMORY, "MemoryObjectStreamState"),
    (_MEMORY, "_MemoryObjectStreamState"),
)
