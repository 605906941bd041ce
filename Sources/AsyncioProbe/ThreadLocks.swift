import CPythonABI

/// Locks of `threading`, where they concern tasks: taken inside a task's step, waited for by anybody.
/// The interpreter's own library uses many; those taken by its code are left out.

nonisolated(unsafe) private var originalAcquire: MethodFunction? = nil
nonisolated(unsafe) private var originalEnter: MethodFunction? = nil
nonisolated(unsafe) private var originalRelease: MethodFunction? = nil
nonisolated(unsafe) private var originalExit: MethodFunction? = nil
nonisolated(unsafe) private var isLocked: MethodFunction? = nil
/// Locks that have been recorded, by address. Guarded by the GIL.
nonisolated(unsafe) private var known = Table()

/// Hooks `_thread.lock`, given its method descriptors.
func installThreadLocks(acquire: Raw, enter: Raw, release: Raw, exit: Raw, locked: Raw) -> Bool {
  if originalRelease != nil { return false }
  guard let definition = load(locked, Offset.descriptorBody),
    let function = load(definition, Offset.methodDefFunction)
  else { return false }
  isLocked = unsafeBitCast(function, to: MethodFunction.self)
  originalRelease = swapMethod(release, "release", releaseHook)
  originalExit = swapMethod(exit, "__exit__", exitHook)
  originalAcquire = swapMethod(acquire, "acquire", acquireHook)
  originalEnter = swapMethod(enter, "__enter__", enterHook)
  return originalRelease != nil && originalExit != nil && originalAcquire != nil
    && originalEnter != nil
}

private let acquireHook: MethodFunction = { lock, arguments, keywords, c, d in
  guard let lock, concerns(lock) else {
    return originalAcquire!(lock, arguments, keywords, c, d)
  }
  return acquiring(lock, limit: limit(arguments, keywords)) {
    originalAcquire!(lock, arguments, keywords, c, d)
  }
}
private let enterHook: MethodFunction = { lock, arguments, keywords, c, d in
  guard let lock, concerns(lock) else {
    return originalEnter!(lock, arguments, keywords, c, d)
  }
  return acquiring(lock, limit: .max) { originalEnter!(lock, arguments, keywords, c, d) }
}
private let releaseHook: MethodFunction = { lock, a, b, c, d in
  released(lock) { originalRelease!(lock, a, b, c, d) }
}
private let exitHook: MethodFunction = { lock, a, b, c, d in
  released(lock) { originalExit!(lock, a, b, c, d) }
}

/// Whether an acquire of this lock by this thread is worth an event.
private func concerns(_ lock: Object) -> Bool {
  guard readsStacks else { return false }
  let thread = probe_this_thread()!
  if thread.pointee.task == 0, known.find(address(lock)) == nil, !held(lock) { return false }
  return !callerIsRuntime()
}

private func held(_ lock: Object) -> Bool {
  guard let answer = isLocked!(lock, nil, nil, nil, nil) else {
    PyErr_Clear()
    return false
  }
  defer { Py_DecRef(answer) }
  return PyObject_IsTrue(answer) == 1
}

/// How long acquire(blocking, timeout) may wait, in ms: 0 for not at all, UInt64.max for ever.
private func limit(_ arguments: Raw?, _ keywords: Raw?) -> UInt64 {
  func argument(_ index: Int, _ name: StaticString) -> Object? {
    if let arguments, PyTuple_Size(object(arguments)) > index {
      return PyTuple_GetItem(object(arguments), index)
    }
    guard let keywords else { return nil }
    return PyDict_GetItemString(object(keywords), cString(name))
  }
  if let blocking = argument(0, "blocking"), PyObject_IsTrue(blocking) == 0 { return 0 }
  guard let timeout = argument(1, "timeout"), let ms = milliseconds(timeout) else { return .max }
  return UInt64(ms)
}

private func acquiring(_ lock: Object, limit: UInt64, _ acquire: () -> Object?) -> Object? {
  let stack = currentStack()
  if known.find(address(lock)) == nil {
    known.insert(StackEntry(key: address(lock), id: 1))
    record(
      CORONER_RESOURCE_CREATE, address(lock), site: stack,
      value: CORONER_RESOURCE_THREAD_LOCK.rawValue)
  }
  let waits = limit > 0 && held(lock)
  if waits {
    record(
      CORONER_BLOCK_BEGIN, address(lock), limit, site: stack, value: CORONER_OP_ACQUIRE.rawValue)
  }
  let result = acquire()
  if waits { record(CORONER_BLOCK_END, address(lock)) }
  if let result, PyObject_IsTrue(result) == 1 {
    record(CORONER_ACQUIRED, address(lock), site: stack)
  }
  return result
}

@inline(__always)
private func released(_ lock: Object?, _ release: () -> Object?) -> Object? {
  // Before it is released: another thread's acquire must not be recorded first.
  if readsStacks, let lock, known.find(address(lock)) != nil, held(lock) {
    preservingError { record(CORONER_RELEASED, address(lock), site: currentStack()) }
  }
  return release()
}
