"""What is recorded from inside asyncio, threading and concurrent.futures: one row a function.

A row of ADDITIONS is (module, function, versions, ((where, statement), …)); versions are the first and
the last minor version of Python 3 that have it, None for no limit. `inject` explains where and R.
A row of PRIMITIVES is (module, function, operation, slot of the resource, absorbs).
"""
from . import events as e

NO_RESOURCE = 255


def _formatted(*additions):
    return tuple((where, statement.format(e=e)) for where, statement in additions)


def _row(module, function, *additions, since=None, until=None):
    return (module, function, (since, until), _formatted(*additions))


_STEP = (("exit", "_coroner_step = R.stepped(_coroner_step)"), ("entry", "_coroner_step = R.step(self)"))
_created = "R.rec({e.RESOURCE_CREATE}, self, %s, {e.%s})"

ADDITIONS = (
    # Locks
    _row("asyncio.locks", "Lock.__init__", ("end", _created % (0, "LOCK"))),
    _row("asyncio.locks", "Lock.acquire", ("return", "R.acquired(self)")),
    _row("asyncio.locks", "Lock.release",
         ("before:self._locked = False", "R.released(self)")),
    _row("asyncio.locks", "Semaphore.__init__", ("end", _created % ("value", "SEMAPHORE"))),
    _row("asyncio.locks", "Semaphore.acquire", ("return", "R.acquired(self)")),
    _row("asyncio.locks", "Semaphore.release", ("entry", "R.released(self)")),
    _row("asyncio.locks", "Event.__init__", ("end", _created % (0, "EVENT"))),
    _row("asyncio.locks", "Event.set", ("entry", "R.event_set(self)")),
    _row("asyncio.locks", "Event.clear", ("entry", "self._value and R.event_cleared(self)")),
    _row("asyncio.locks", "Condition.__init__",
         ("entry", "_coroner_own = lock is None"),
         ("end", _created % ("self._lock", "CONDITION")),
         ("end", "_coroner_own and R.plain({e.DEPENDS}, self._lock, self, {e.GUARD})")),
    _row("asyncio.locks", "Condition.notify",
         ("entry", "R.rec({e.NOTIFIED}, self, n, len(self._waiters))")),
    _row("asyncio.locks", "Barrier.__init__",
         ("end", _created % ("parties", "BARRIER")),
         ("end", "R.plain({e.DEPENDS}, self._cond, self, {e.GUARD})"), since=11),
    _row("asyncio.locks", "Barrier.wait",
         ("return", "R.rec({e.BARRIER_PASSED}, self, 0, index)"), since=11),

    # Queues
    _row("asyncio.queues", "Queue.__init__",
         ("end", "R.queue_made(self, maxsize)"),
         ("end", "R.plain({e.DEPENDS}, self._finished, self, {e.GUARD})")),
    # What wakes somebody up is recorded before that one's future is resolved.
    _row("asyncio.queues", "Queue.put_nowait",
         ("before:self._wakeup_next(self._getters)", "R.queue_put(self)")),
    _row("asyncio.queues", "Queue.get_nowait",
         ("before:self._wakeup_next(self._putters)", "R.queue_got(self)")),
    _row("asyncio.queues", "Queue.task_done",
         ("end", "R.task_done(self, self._unfinished_tasks)")),

    # Groups and chains of futures
    _row("asyncio.tasks", "_GatheringFuture.__init__",
         ("end", "R.depends(self, children, {e.ALL})")),
    _row("asyncio.tasks", "_wait",
         ("after:waiter = loop.create_future()",
          "R.depends(waiter, fs, {e.ALL} if return_when == ALL_COMPLETED else {e.ANY})")),
    _row("asyncio.tasks", "wait_for",
         ("before:fut.add_done_callback(cb)", "R.plain({e.DEPENDS}, waiter, fut, {e.ANY})"),
         until=11),
    _row("asyncio.tasks", "shield",
         ("after:outer = loop.create_future()", "R.plain({e.DEPENDS}, outer, inner, {e.ALL})")),
    _row("asyncio.tasks", "as_completed",
         ("after:todo = ...", "R.depends(done, todo, {e.ANY})"), until=12),
    _row("asyncio.tasks", "_AsCompletedIterator.__init__",
         ("end", "R.depends(self._done, todo, {e.ANY})"), since=13),
    _row("asyncio.tasks", "run_coroutine_threadsafe",
         ("after:future = concurrent.futures.Future()", "R.submitted(future, coro)")),
    _row("asyncio.taskgroups", "TaskGroup.__init__",
         ("end", _created % (0, "GROUP")), since=11),
    _row("asyncio.taskgroups", "TaskGroup.create_task",
         ("return", "R.plain({e.DEPENDS}, self, task, {e.ALL})"), since=11),
    _row("asyncio.futures", "_chain_future",
         ("end", "R.plain({e.DEPENDS}, destination, source, {e.ALL})")),

    # Tasks and futures in Python, where the program uses them instead of those in C
    _row("asyncio.tasks", "_PyTask.__init__", ("after:self._coro = coro", "R.task_made(self, name)")),
    _row("asyncio.tasks", "_PyTask._Task__step", *_STEP, until=11),
    _row("asyncio.tasks", "_PyTask._Task__step_run_and_handle_result", *_STEP, since=12),
    _row("asyncio.tasks", "_PyTask.cancel", ("entry", "self.done() or R.rec({e.TASK_CANCEL}, self)")),
    _row("asyncio.tasks", "_PyTask.set_name", ("end", "R.name(self, self._name)")),
    # A task is no future by itself.
    _row("asyncio.futures", "_PyFuture.__init__",
         ("end", "hasattr(self, 'get_coro') or " + _created % (0, "FUTURE"))),
    _row("asyncio.futures", "_PyFuture.set_result",
         ("end", "hasattr(self, 'get_coro') or R.rec({e.FUTURE_DONE}, self, 0, 0)")),
    _row("asyncio.futures", "_PyFuture.set_exception",
         ("end", "hasattr(self, 'get_coro') or R.rec({e.FUTURE_DONE}, self, 0, 1)")),
    _row("asyncio.futures", "_PyFuture.cancel",
         ("before:self.__schedule_callbacks()",
          "hasattr(self, 'get_coro') or R.rec({e.FUTURE_DONE}, self, 0, 2)")),
    _row("asyncio.events", "_py__set_running_loop", ("end", "R.running_loop(loop)")),

    # Loops
    _row("asyncio.base_events", "BaseEventLoop.call_soon_threadsafe",
         ("entry", "R.rec({e.LOOP_WAKEUP}, self)")),
    _row("asyncio.base_events", "BaseEventLoop.call_at",
         ("return", "R.timer(timer, when, callback, args)")),
    _row("asyncio.base_events", "BaseEventLoop.call_exception_handler",
         ("entry", "R.trouble(self, context)")),
    _row("asyncio.events", "TimerHandle.cancel",
         ("entry", "self._cancelled or R.plain({e.TIMER_CANCEL}, self)")),
    _row("asyncio.selector_events", "BaseSelectorEventLoop._add_reader",
         ("entry", "R.io({e.IO_REGISTER}, fd, self, {e.READ}, callback)")),
    _row("asyncio.selector_events", "BaseSelectorEventLoop._add_writer",
         ("entry", "R.io({e.IO_REGISTER}, fd, self, {e.WRITE}, None)")),
    _row("asyncio.selector_events", "BaseSelectorEventLoop._remove_reader",
         ("entry", "R.io({e.IO_UNREGISTER}, fd, self, {e.READ}, None)")),
    _row("asyncio.selector_events", "BaseSelectorEventLoop._remove_writer",
         ("entry", "R.io({e.IO_UNREGISTER}, fd, self, {e.WRITE}, None)")),
    _row("asyncio.unix_events", "_UnixSelectorEventLoop.add_signal_handler",
         ("end", "R.signal(sig, callback, args)")),
    _row("asyncio.unix_events", "_UnixSelectorEventLoop.remove_signal_handler",
         ("return", "R.plain({e.SIGNAL_HANDLER}, sig)")),
    _row("signal", "signal",
         ("entry", "_coroner_handler = handler"), ("return", "R.handler_set(signalnum, _coroner_handler)")),
    _row("asyncio.streams", "StreamReader.__init__", ("end", _created % (0, "STREAM"))),
    # Child processes
    _row("asyncio.base_subprocess", "BaseSubprocessTransport.__init__",
         ("after:self._pid = self._proc.pid", _created % ("self._pid", "PROCESS"))),
    _row("subprocess", "Popen.__init__", ("end", _created % ("self.pid", "PROCESS"))),
    _row("warnings", "_warn_unawaited_coroutine", ("entry", "R.unawaited(coro)")),

    # Threads
    _row("concurrent.futures._base", "Future.__init__",
         ("end", _created % (0, "CONCURRENT_FUTURE"))),
    _row("concurrent.futures._base", "Future.set_result",
         ("end", "R.rec({e.FUTURE_DONE}, self, 0, 0)")),
    _row("concurrent.futures._base", "Future.set_exception",
         ("end", "R.rec({e.FUTURE_DONE}, self, 0, 1)")),
    _row("concurrent.futures._base", "Future.cancel",
         ("before:self._invoke_callbacks()", "R.rec({e.FUTURE_DONE}, self, 0, 2)")),
    _row("threading", "Thread.start", ("entry", "R.thread(self)")),
    _row("threading", "Thread._bootstrap_inner",
         ("exit", "R.thread_over()"), ("entry", "R.thread_begin(self, self._name)")),
)

# What runs when the main task is over: it cancels the tasks that are left, waits for the executor's threads.
# What ends a wait because its time is over, or the tasks of a group because one has failed.
ROLES = (
    ("asyncio.runners", "_cancel_all_tasks", e.SITE_ENDING),
    ("asyncio.base_events", "BaseEventLoop.shutdown_default_executor", e.SITE_ENDING),
    ("asyncio.tasks", "wait_for", e.SITE_LIMIT),
    ("asyncio.timeouts", "Timeout._on_timeout", e.SITE_LIMIT),
    ("asyncio.taskgroups", "TaskGroup._abort", e.SITE_ABORT),
    ("asyncio.base_events", "Server.wait_closed", e.SITE_CLOSING),
    ("_frozen_importlib", "_ModuleLock.acquire", e.SITE_IMPORT),
)

PRIMITIVES = (
    ("asyncio.locks", "Lock.acquire", e.OP_ACQUIRE, 0, False),
    ("asyncio.locks", "Semaphore.acquire", e.OP_ACQUIRE, 0, False),
    ("asyncio.locks", "Event.wait", e.OP_EVENT_WAIT, 0, False),
    ("asyncio.locks", "Condition.wait", e.OP_CONDITION_WAIT, 0, False),
    ("asyncio.locks", "Condition.wait_for", e.OP_CONDITION_WAIT, 0, True),
    ("asyncio.locks", "Barrier.wait", e.OP_BARRIER_WAIT, 0, True),
    ("asyncio.locks", "Barrier._wait", e.OP_BARRIER_WAIT, 0, True),
    ("asyncio.locks", "Barrier._block", e.OP_BARRIER_WAIT, 0, True),
    ("asyncio.queues", "Queue.get", e.OP_QUEUE_GET, 0, False),
    ("asyncio.queues", "Queue.put", e.OP_QUEUE_PUT, 0, False),
    ("asyncio.queues", "Queue.join", e.OP_QUEUE_JOIN, 0, True),
    ("asyncio.tasks", "sleep", e.OP_SLEEP, NO_RESOURCE, False),
    ("asyncio.taskgroups", "TaskGroup.__aexit__", e.OP_GROUP, 0, False),
    ("asyncio.streams", "StreamReader._wait_for_data", e.OP_READ, 0, False),
    ("asyncio.streams", "FlowControlMixin._drain_helper", e.OP_DRAIN, 0, False),
    ("asyncio.selector_events", "BaseSelectorEventLoop.sock_recv", e.OP_READ, 1, False),
    ("asyncio.selector_events", "BaseSelectorEventLoop.sock_recv_into", e.OP_READ, 1, False),
    ("asyncio.selector_events", "BaseSelectorEventLoop.sock_recvfrom", e.OP_READ, 1, False),
    ("asyncio.selector_events", "BaseSelectorEventLoop.sock_sendall", e.OP_DRAIN, 1, False),
    ("asyncio.selector_events", "BaseSelectorEventLoop.sock_accept", e.OP_ACCEPT, 1, False),
    ("asyncio.selector_events", "BaseSelectorEventLoop.sock_connect", e.OP_CONNECT, 1, False),
    ("asyncio.base_subprocess", "BaseSubprocessTransport._wait", e.OP_PROCESS, 0, False),
)

# Those of them that wait on a future which they have just made, and which nobody else knows.
FUTURE_MAKERS = (
    "Lock.acquire", "Semaphore.acquire", "Event.wait", "Condition.wait", "Queue.get", "Queue.put",
    "StreamReader._wait_for_data", "FlowControlMixin._drain_helper",
)

# Types whose instances a timer or a signal handler may act on.
KNOWN = (
    ("asyncio.locks", "Lock"), ("asyncio.locks", "Semaphore"), ("asyncio.locks", "Event"),
    ("asyncio.locks", "Condition"), ("asyncio.locks", "Barrier"), ("asyncio.queues", "Queue"),
    ("asyncio.taskgroups", "TaskGroup"), ("concurrent.futures._base", "Future"),
)

# Where threads block, as a snapshot finds them: module, class, function, operation, slot of the time
# limit, whether it absorbs, whether the third local is a lock that is locked while it waits.
THREAD_PRIMITIVES = (
    ("threading", "Condition", "wait", e.OP_CONDITION_WAIT, 1, False, True),
    ("threading", "Condition", "wait_for", e.OP_CONDITION_WAIT, 2, True, False),
    ("threading", "Event", "wait", e.OP_EVENT_WAIT, 1, True, False),
    ("threading", "Semaphore", "acquire", e.OP_ACQUIRE, 2, True, False),
    ("threading", "Barrier", "wait", e.OP_BARRIER_WAIT, 1, True, False),
    ("threading", "Barrier", "_enter", e.OP_BARRIER_WAIT, NO_RESOURCE, True, False),
    ("threading", "Barrier", "_wait", e.OP_BARRIER_WAIT, 1, True, False),
    ("threading", "Thread", "join", e.OP_JOIN, 1, False, False),
    ("queue", "Queue", "get", e.OP_QUEUE_GET, 2, True, False),
    ("queue", "Queue", "put", e.OP_QUEUE_PUT, 3, True, False),
    ("queue", "Queue", "join", e.OP_QUEUE_JOIN, NO_RESOURCE, True, False),
    ("concurrent.futures._base", "Future", "result", e.OP_RESULT, 1, True, False),
    ("concurrent.futures._base", "Future", "exception", e.OP_RESULT, 1, True, False),
    # The interpreter waits for its threads at its end.
    ("threading", "", "_shutdown", 0, NO_RESOURCE, False, False),
)
