import CPythonABI

// Tasks of asyncio's own code in Python: what some libraries put in the place of the C ones, and what there
// is where `_asyncio` is missing. Injected calls say what C hooks say of the others.

/// step(task): its step begins. A tuple for `stepped`: the task, and the one within which it runs.
let stepFunction: OneFunction = { _, task in
  guard let task, isHere() else { return none() }
  let thread = probe_this_thread()!
  let outer = thread.pointee.task
  thread.pointee.task = address(task)
  record(CORONER_TASK_RESUME, address(task))
  guard let step = PyTuple_New(2) else {
    PyErr_Clear()
    return none()
  }
  Py_IncRef(task)
  _ = PyTuple_SetItem(step, 0, task)
  _ = PyTuple_SetItem(step, 1, PyLong_FromVoidPtr(Raw(bitPattern: UInt(outer))))
  return step
}

/// stepped(what step gave): None, which the frame keeps instead, so that it does not refer to the task.
let steppedFunction: OneFunction = { _, step in
  guard let step, !isNone(step), let task = PyTuple_GetItem(step, 0) else { return none() }
  preservingError { stepped(pure: task) }
  probe_this_thread()!.pointee.task = field(PyTuple_GetItem(step, 1))
  return none()
}

/// task_made(task, name): it has its coroutine, and has not begun; the name is the one asked for, or None.
let taskMadeFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 2, isHere(), let task = arguments[0] else { return none() }
  let coroutine = attribute(task, "_coro")
  made(task, isNone(arguments[1]) ? nil : arguments[1], coroutine)
  Py_DecRef(coroutine)
  return none()
}

/// running_loop(loop or None): what this thread runs, where no C function says it.
let runningLoopFunction: OneFunction = { _, loop in
  if let loop, isHere() { runs(loop) }
  return none()
}

private func stepped(pure task: Object) {
  let coroutine = attribute(task, "_coro")
  let waiter = attribute(task, "_fut_waiter")
  let state = attribute(task, "_state")
  defer {
    Py_DecRef(coroutine)
    Py_DecRef(waiter)
    Py_DecRef(state)
  }
  tellHolds(of: address(task)) {
    if let coroutine { Py_IncRef(coroutine) }
    return coroutine
  }
  guard let state else { return }
  if let waiter, !isNone(waiter) {
    suspended(task, address(waiter), coroutine)
  } else if isPending(state: state) {
    suspended(task, 0, coroutine)
  } else {
    let exception = attribute(task, "_exception")
    ended(task, state, exception)
    Py_DecRef(exception)
  }
}
