import CPythonABI

// What the Python part of the probe says of the interpreter and of asyncio, and has hooked, when asyncio is imported.

nonisolated(unsafe) private var codeType: Raw? = nil

func isCode(_ object: Object) -> Bool { typeOf(Raw(object)) == codeType }

func answer(_ yes: Bool) -> Object? { PyBool_FromLong(yes ? 1 : 0) }

/// link(library, program): starts the recorder; whether events are recorded.
let linkFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 2,
    let library = PyUnicode_AsUTF8AndSize(arguments[0], nil),
    let program = PyUnicode_AsUTF8AndSize(arguments[1], nil)
  else {
    PyErr_Clear()
    return answer(false)
  }
  return answer(probe_link_recorder(library, program))
}

/// begin(): whether this interpreter can be recorded.
let beginFunction: FastFunction = { _, _, _ in answer(beginHere()) }

/// fact(key, value): something about the run that the report may say.
let factFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 2, let key = PyUnicode_AsUTF8AndSize(arguments[0], nil),
    let value = PyUnicode_AsUTF8AndSize(arguments[1], nil)
  else {
    PyErr_Clear()
    return none()
  }
  probe_define_fact(key, value)
  return none()
}

/// setup(minor, types, bottom, runtime prefix, probe prefix): whether the version's layout is known.
/// `types`: coroutine, generator, coroutine wrapper, async send, async throw, code, cell, function.
let setupFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 5, let types = arguments[1], PyTuple_Size(types) == 8,
    let row = FrameLayout.row(minor: PyLong_AsLong(arguments[0]))
  else { return answer(false) }
  minorVersion = PyLong_AsLong(arguments[0])
  layout = row
  for index in 1..<5 { Py_IncRef(arguments[index]) }
  frames = calloc(frameLimit, MemoryLayout<Frame>.stride)?.assumingMemoryBound(to: Frame.self)
  if frames == nil { return answer(false) }
  coroutineType = PyTuple_GetItem(types, 0).map { Raw($0) }
  generatorType = PyTuple_GetItem(types, 1).map { Raw($0) }
  coroutineWrapperType = PyTuple_GetItem(types, 2).map { Raw($0) }
  asyncSendType = PyTuple_GetItem(types, 3).map { Raw($0) }
  asyncThrowType = PyTuple_GetItem(types, 4).map { Raw($0) }
  codeType = PyTuple_GetItem(types, 5).map { Raw($0) }
  cellType = PyTuple_GetItem(types, 6).map { Raw($0) }
  functionType = PyTuple_GetItem(types, 7).map { Raw($0) }
  stackBottom = arguments[2].map { Raw($0) }
  runtimePrefix = copy(arguments[3])
  probePrefix = copy(arguments[4])
  return answer(true)
}

private func copy(_ text: Object?) -> UnsafeMutablePointer<CChar>? {
  guard let bytes = PyUnicode_AsUTF8AndSize(text, nil) else {
    PyErr_Clear()
    return nil
  }
  return strdup(bytes)
}

/// reach(known types, closed types, futures._set_result_unless_cancelled, the type of bound methods,
/// ignores_object)
let reachFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 5, let known = arguments[0], let closed = arguments[1] else {
    return none()
  }
  setReach(known: known, closed: closed)
  for index in 2..<5 { Py_IncRef(arguments[index]) }
  setResultFunction = arguments[2].map { Raw($0) }
  setMethods(type: arguments[3].map { Raw($0) }, ignoresObject: arguments[4])
  return none()
}

/// primitive(code, operation, slot, absorbs[, makes its future])
let primitiveFunction: FastFunction = { _, arguments, count in
  guard let arguments, count >= 4, let code = arguments[0], isCode(code) else { return none() }
  addPrimitive(
    Raw(code),
    Primitive(
      operation: UInt8(truncatingIfNeeded: field(arguments[1])),
      slot: UInt8(truncatingIfNeeded: field(arguments[2])), absorbs: field(arguments[3]) != 0,
      makesFuture: count > 4 && field(arguments[4]) != 0))
  return none()
}

/// states('PENDING', 'CANCELLED')
let statesFunction: FastFunction = { _, a, count in
  guard let a, count == 2, let pending = a[0], let cancelled = a[1] else { return none() }
  setStates(pending: pending, cancelled: cancelled)
  return none()
}

/// install_tasks(_fut_waiter, _coro, _state, _exception, step type, wakeup, Task, Task.__init__,
/// Task.set_name, Task.cancel): whether all of it was as expected.
let installTasksFunction: FastFunction = { _, a, count in
  guard let a, count == 10 else { return answer(false) }
  return answer(
    installTasks(
      TaskParts(
        waiter: Raw(a[0]!), coroutine: Raw(a[1]!), state: Raw(a[2]!), exception: Raw(a[3]!),
        stepType: Raw(a[4]!), wakeup: Raw(a[5]!), taskType: Raw(a[6]!), initializer: Raw(a[7]!),
        setName: Raw(a[8]!), cancel: Raw(a[9]!))))
}

/// install_futures(Future, Future.__init__, set_result, set_exception, cancel, code of create_future)
let installFuturesFunction: FastFunction = { _, a, count in
  guard let a, count == 6 else { return answer(false) }
  Py_IncRef(a[5])
  createFutureCode = Raw(a[5]!)
  return answer(
    installFutures(
      type: Raw(a[0]!), initializer: Raw(a[1]!), setResult: Raw(a[2]!), setException: Raw(a[3]!),
      cancel: Raw(a[4]!)))
}

/// install_poll(select.epoll.poll)
let installPollFunction: FastFunction = { _, a, count in
  guard let a, count == 1 else { return answer(false) }
  return answer(installPoll(Raw(a[0]!)))
}

/// install_running_loop(_asyncio._set_running_loop)
let installRunningLoopFunction: FastFunction = { _, a, count in
  guard let a, count == 1 else { return answer(false) }
  return answer(installRunningLoop(Raw(a[0]!)))
}

/// watches(what says whether a loop can be watched)
let watchesFunction: OneFunction = { _, asked in
  if let asked { setWatches(asked) }
  return none()
}

/// install_uvloop(…): see `installUvloop`.
let installUvloopFunction: FastFunction = { _, a, count in
  guard let a, count == 6 else { return answer(false) }
  return answer(installUvloop(a))
}

/// own_descriptor(descriptor): the loop wakes itself by it.
let ownDescriptorFunction: FastFunction = { _, a, count in
  guard let a, count == 1 else { return none() }
  probe_own_descriptor(Int32(truncatingIfNeeded: field(a[0])))
  return none()
}

/// install_locks(example, acquire, __enter__, release, __exit__) and install_rlocks(the same,
/// _release_save, _acquire_restore)
let installLocksFunction: FastFunction = { _, a, count in
  guard let a, count == 5, let example = a[0] else { return answer(false) }
  return answer(installLocks(a + 1, example: example))
}
let installRLocksFunction: FastFunction = { _, a, count in
  guard let a, count == 7, let example = a[0] else { return answer(false) }
  return answer(installRLocks(a + 1, example: example))
}

/// install_lock_creation(_thread.allocate_lock, lock type, RLock type)
let installLockCreationFunction: FastFunction = { _, a, count in
  guard let a, count == 3 else { return answer(false) }
  return answer(installLockCreation(allocate: a[0], lock: a[1], reentrant: a[2]))
}

/// install_join(_ThreadHandle.join, is_done)
let installJoinFunction: FastFunction = { _, a, count in
  guard let a, count == 2 else { return answer(false) }
  return answer(installJoin(join: a[0], isDone: a[1]))
}

/// install_simple_queue(type, get, put, qsize)
let installSimpleQueueFunction: FastFunction = { _, a, count in
  guard let a, count == 4, installSimpleQueue(get: a[1], put: a[2], qsize: a[3]) else {
    return answer(false)
  }
  installQueueCreation(a[0]!)
  return answer(true)
}

/// passage(code): a function that only passes on what its caller does.
let passageFunction: FastFunction = { _, a, count in
  if let a, count == 1, let code = a[0], isCode(code) { addPassage(Raw(code)) }
  return none()
}

/// imports(type of the locks of modules, _find_and_load)
let importsFunction: FastFunction = { _, a, count in
  if let a, count == 2, let lock = a[0], let function = a[1] {
    setImports(lock: lock, function: function)
  }
  return none()
}

/// signals(code of Condition.wait, Condition.notify, Thread._set_tstate_lock or None)
let signalsFunction: FastFunction = { _, a, count in
  guard let a, count == 3 else { return none() }
  for index in 0..<3 { Py_IncRef(a[index]) }
  signalCode = (Raw(a[0]!), Raw(a[1]!), Raw(a[2]!))
  return none()
}

/// snapshots(thread primitives, types, _thread.lock.locked): whether the settings make sense.
let snapshotsFunction: FastFunction = { _, a, count in
  guard let a, count == 3, let rows = a[0], let types = a[1], let locked = a[2] else {
    return answer(false)
  }
  Py_IncRef(types)
  Py_IncRef(locked)
  moduleType = PyTuple_GetItem(types, 0).map { Raw($0) }
  if let lock = PyTuple_GetItem(types, 1) { setLock(Raw(lock), locked: Raw(locked)) }
  setThreadPrimitives(rows)
  setSnapshotTypes(types)
  return answer(probe_watch_configure(snapshot))
}

/// site_role(code, flag): what its places are marked with.
let siteRoleFunction: FastFunction = { _, a, count in
  guard let a, count == 2, let code = a[0], isCode(code) else { return none() }
  Py_IncRef(code)
  setRole(Raw(code), UInt32(truncatingIfNeeded: field(a[1])))
  return none()
}
