"""What is recorded from inside threading, queue and concurrent.futures; rows as in `table`.

A thread waits in an acquire of a lock, which native code sees. So these rows only say what the waits
stand for, and who acts on what.
"""
from . import events as e
from .table import _row

# Instead of the slot of a local: the lock that is acquired, or what the primitive within waits for.
OWN, INNER = 254, 253

_made = "R.own({e.RESOURCE_CREATE}, self, %s, {e.%s})"

ADDITIONS = (
    _row("threading", "Thread._set_tstate_lock",
         ("end", "R.plain({e.THREAD_BIND}, self._tstate_lock)"), until=12),
    _row("threading", "_shutdown",
         ("before:_thread_shutdown()", "R.ending()"),
         ("after:_thread_shutdown()", "R.ended()"), since=13),
    _row("threading", "Condition.__init__",
         ("entry", "_coroner_own = lock is None"),
         ("end", _made % ("lock", "CONDITION")),
         ("end", "_coroner_own and R.own({e.DEPENDS}, lock, self, {e.GUARD})")),
    _row("threading", "Condition.notify",
         ("entry", "R.notified(self, n)")),
    _row("threading", "Semaphore.__init__", ("end", _made % ("value", "SEMAPHORE"))),
    _row("threading", "Semaphore.acquire", ("return", "rc and R.acquired(self)")),
    _row("threading", "Semaphore.release",
         ("after:self._value += n", "R.given_back(self, n)")),
    _row("threading", "BoundedSemaphore.release",
         ("after:self._value += n", "R.given_back(self, n)")),
    _row("threading", "Event.__init__", ("end", _made % (0, "EVENT"))),
    _row("threading", "Event.set", ("entry", "R.event_set(self)")),
    _row("threading", "Event.clear", ("entry", "self._flag and R.event_cleared(self)")),
    _row("threading", "Barrier.__init__", ("end", _made % ("parties", "BARRIER"))),
    _row("threading", "Barrier.wait", ("return", "R.rec({e.BARRIER_PASSED}, self, 0, index)")),
    _row("concurrent.futures._base", "wait",
         ("before:waiter.event.wait(timeout)",
          "R.rec({e.RESOURCE_CREATE}, waiter.event, 0, {e.GROUP})"),
         ("before:waiter.event.wait(timeout)",
          "R.depends(waiter.event, not_done,"
          " {e.ALL} if return_when == ALL_COMPLETED else {e.ANY})")),
    _row("concurrent.futures._base", "as_completed",
         ("before:waiter.event.wait(wait_timeout)",
          "R.rec({e.RESOURCE_CREATE}, waiter.event, 0, {e.GROUP})"),
         ("before:waiter.event.wait(wait_timeout)",
          "R.depends(waiter.event, pending, {e.ANY})")),
    _row("asyncio.base_events", "BaseEventLoop.shutdown_default_executor",
         ("after:thread.start()", "R.plain({e.DEPENDS}, future, thread)")),
)

# Once each of these modules has been imported.
LATE = {
    "concurrent.futures.thread": (
        _row("concurrent.futures.thread", "ThreadPoolExecutor.__init__",
             ("end", "R.rec({e.RESOURCE_CREATE}, self, self._max_workers, {e.EXECUTOR})")),
        _row("concurrent.futures.thread", "ThreadPoolExecutor.submit",
             ("before:self._work_queue.put(w)", "R.job_queue(f, self, R.code(fn, args))")),
        _row("concurrent.futures.thread", "_WorkItem.run",
             ("exit", "R.job_end()"), ("entry", "R.job_start(self.future)")),
    ),
    "queue": (
        _row("queue", "Queue.__init__", ("end", _made % ("maxsize", "QUEUE"))),
        _row("queue", "Queue.put",
             ("after:self.unfinished_tasks += 1", "R.stock_put(self)")),
        _row("queue", "Queue.get", ("after:item = self._get()", "R.stock_got(self)")),
        _row("queue", "Queue.task_done",
             ("after:self.unfinished_tasks = unfinished",
              "R.rec({e.QUEUE_TASK_DONE}, self, 0, unfinished)")),
    ),
}

# Those that do not absorb are where a thread acquires the lock; the others call them.
PRIMITIVES = (
    ("threading", "Condition.wait", e.OP_CONDITION_WAIT, 0, False),
    ("threading", "Condition.wait_for", e.OP_CONDITION_WAIT, 0, True),
    ("threading", "Event.wait", e.OP_EVENT_WAIT, 0, True),
    ("threading", "Semaphore.acquire", e.OP_ACQUIRE, 0, True),
    ("threading", "Barrier.wait", e.OP_BARRIER_WAIT, 0, True),
    ("threading", "Thread._wait_for_tstate_lock", e.OP_JOIN, 0, False),
    ("threading", "Thread.join", e.OP_JOIN, 0, False),
    ("threading", "_shutdown", e.OP_EXIT, OWN, False),
    ("_frozen_importlib", "_ModuleLock.acquire", e.OP_ACQUIRE, 0, False),
    ("concurrent.futures._base", "Future.result", e.OP_RESULT, 0, True),
    ("concurrent.futures._base", "Future.exception", e.OP_RESULT, 0, True),
    ("concurrent.futures.thread", "_python_exit", e.OP_EXIT, INNER, True),
    ("queue", "Queue.get", e.OP_QUEUE_GET, 0, True),
    ("queue", "Queue.put", e.OP_QUEUE_PUT, 0, True),
    ("queue", "Queue.join", e.OP_QUEUE_JOIN, 0, True),
)

# Functions that do nothing but what their caller asks for: an act in them is the caller's.
PASSAGES = (
    ("threading", "Condition.__enter__"), ("threading", "Condition.__exit__"),
    ("threading", "Condition.notify_all"), ("threading", "Condition.wait_for"),
    ("threading", "BoundedSemaphore.__init__"), ("threading", "RLock"),
)
