import CPythonABI

nonisolated(unsafe) private var originalPoll: MethodFunction? = nil

/// Hooks `select.epoll.poll`: where a loop's thread sleeps.
func installPoll(_ descriptor: Raw) -> Bool {
  if originalPoll != nil { return false }
  originalPoll = swapMethod(descriptor, "poll", pollHook)
  return originalPoll != nil
}

private let pollHook: MethodFunction = { epoll, arguments, count, keywords, d in
  let slot = probe_this_thread()!.pointee.watched
  if slot == 0 || !isHere() { return originalPoll!(epoll, arguments, count, keywords, d) }
  let limit = pollLimit(arguments, Int(bitPattern: count))
  if limit == 0 {
    let result = originalPoll!(epoll, arguments, count, keywords, d)
    // The loop goes round: it is busy, but not stuck in one callback.
    probe_watch_mark(slot, true)
    return result
  }
  let loop = probe_watched_loop(slot)
  record(CORONER_LOOP_IDLE, loop, value: limit)
  probe_watch_mark(slot, false)
  let result = originalPoll!(epoll, arguments, count, keywords, d)
  probe_watch_mark(slot, true)
  var ready = 0
  if let result { ready = PyObject_Size(result) }
  record(CORONER_LOOP_WAKE, loop, value: UInt32(clamping: ready))
  return result
}

/// The limit in ms, rounded up; UINT32_MAX if there is none.
private func pollLimit(_ arguments: Raw?, _ count: Int) -> UInt32 {
  guard let arguments, count & Int.max >= 1,
    let first = arguments.load(as: Object?.self), !isNone(first)
  else { return .max }
  return milliseconds(first) ?? .max
}

/// Seconds, as a number of Python's, in ms, rounded up; nothing if negative or not a number.
func milliseconds(_ seconds: Object) -> UInt32? {
  let value = PyFloat_AsDouble(seconds)
  if value == -1, PyErr_Occurred() != nil {
    PyErr_Clear()
    return nil
  }
  return milliseconds(value)
}

func milliseconds(_ seconds: Double) -> UInt32? {
  if seconds.isNaN || seconds < 0 { return nil }
  let exact = seconds * 1000
  if exact >= 4_294_967_293 { return .max - 1 }
  let whole = UInt32(exact)
  return Double(whole) < exact ? whole + 1 : whole
}

nonisolated(unsafe) private var originalSetRunning: MethodFunction! = nil
/// Says whether it is seen when a loop's thread sleeps.
nonisolated(unsafe) private var watches: Object? = nil

/// Hooks `_asyncio._set_running_loop`, by which every loop says that it begins and ends to run.
func installRunningLoop(_ function: Raw) -> Bool {
  guard originalSetRunning == nil, let definition = load(function, Offset.builtinMethodDef),
    let original = swapDefinition(definition, "_set_running_loop", setRunningHook)
  else { return false }
  originalSetRunning = original
  return true
}

func setWatches(_ asked: Object) {
  Py_IncRef(asked)
  watches = asked
}

private let setRunningHook: MethodFunction = { module, loop, c, d, e in
  let result = originalSetRunning(module, loop, c, d, e)
  if result != nil, isHere(), let loop { runs(object(loop)) }
  return result
}

/// The calling thread begins to run a loop, or has left it: None.
func runs(_ loop: Object) {
  let thread = probe_this_thread()!
  let new = isNone(loop) ? 0 : address(loop)
  if new == thread.pointee.loop { return }
  if thread.pointee.loop != 0 { loopStopped(thread) }
  thread.pointee.loop = new
  if new != 0 { preservingError { loopStarted(thread, loop) } }
}

/// A loop whose sleep is not seen is left out: it would pass for one that is blocked.
private func loopStarted(_ thread: UnsafeMutablePointer<probe_thread>, _ loop: Object) {
  if isWatchable(loop) {
    thread.pointee.watched = probe_watch_add(PyThreadState_Get(), address(loop))
  }
  if thread.pointee.watched == 0 {
    probe_watch_unseen(1)
  } else {
    record(CORONER_LOOP_START, address(loop))
  }
  watch()
}

/// Starts the watchdog, in a process that may never run a loop, too.
func watch() {
  // Where thread states have their numbers is found by one that is known.
  _ = PyThreadState_Get().map(probe_tid)
  findThreadList()
  probe_watch_start(unheldSample, sample, starved)
}

private func loopStopped(_ thread: UnsafeMutablePointer<probe_thread>) {
  let slot = thread.pointee.watched
  if slot == 0 { return probe_watch_unseen(-1) }
  record(CORONER_LOOP_STOP, thread.pointee.loop)
  probe_watch_remove(slot)
  thread.pointee.watched = 0
}

private func isWatchable(_ loop: Object) -> Bool {
  guard let watches, let arguments = PyTuple_New(1) else { return false }
  defer { Py_DecRef(arguments) }
  Py_IncRef(loop)
  _ = PyTuple_SetItem(arguments, 0, loop)
  guard let answer = PyObject_CallObject(watches, arguments) else {
    PyErr_Clear()
    return false
  }
  defer { Py_DecRef(answer) }
  return PyObject_IsTrue(answer) == 1
}

/// The stack of the latest sample without the GIL.
nonisolated(unsafe) private var latest: UInt32 = 0

/// Called by the watchdog's thread before it asks for the GIL, which a call into C may never give away.
private let unheldSample: @convention(c) (UnsafeMutablePointer<probe_watched>?, UInt64) -> Bool = {
  watched, busy in
  guard let watched, let state = watched.pointee.thread_state else { return true }
  if readsStacks, recordKeeper(from: watched, busy) {
    latest = 0
    return false
  }
  let stack = unheldStack(state)
  latest = stack
  // A stack of a callback that has returned meanwhile is none.
  guard stack != 0, probe_watch_is_due(watched) else { return true }
  record(CORONER_STACK_SAMPLE, UInt64(watched.pointee.tid), busy, site: stack)
  return true
}

/// Called by the watchdog's thread, without the GIL: a loop's thread is to go on from its selector, and does not.
private let starved: @convention(c) (UnsafeMutablePointer<probe_watched>?, UInt64) -> Bool = {
  watched, waiting in
  guard readsStacks, let watched else { return false }
  return recordKeeper(from: watched, waiting)
}

/// Called by the watchdog's thread, with the GIL held.
private let sample: @convention(c) (UnsafeMutablePointer<probe_watched>?, UInt64) -> Void = {
  watched, busy in
  guard readsStacks, let watched, let state = watched.pointee.thread_state else { return }
  let stack = runningStack(state)
  if stack != 0, stack != latest {
    record(CORONER_STACK_SAMPLE, UInt64(watched.pointee.tid), busy, site: stack)
  }
}
