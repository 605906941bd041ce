import CPythonABI

nonisolated(unsafe) private var codeType: Raw? = nil

func isCode(_ object: Object) -> Bool { typeOf(Raw(object)) == codeType }

private func answer(_ yes: Bool) -> Object? { PyBool_FromLong(yes ? 1 : 0) }

/// link(library, program): starts the recorder; whether events are recorded.
private let linkFunction: FastFunction = { _, arguments, count in
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
private let beginFunction: FastFunction = { _, _, _ in answer(beginHere()) }

/// fact(key, value): something about the run that the report may say.
private let factFunction: FastFunction = { _, arguments, count in
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
private let setupFunction: FastFunction = { _, arguments, count in
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
private let reachFunction: FastFunction = { _, arguments, count in
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
private let primitiveFunction: FastFunction = { _, arguments, count in
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
private let statesFunction: FastFunction = { _, a, count in
  guard let a, count == 2, let pending = a[0], let cancelled = a[1] else { return none() }
  setStates(pending: pending, cancelled: cancelled)
  return none()
}

/// install_tasks(_fut_waiter, _coro, _state, _exception, step type, wakeup, Task, Task.__init__,
/// Task.set_name, Task.cancel): whether all of it was as expected.
private let installTasksFunction: FastFunction = { _, a, count in
  guard let a, count == 10 else { return answer(false) }
  return answer(
    installTasks(
      TaskParts(
        waiter: Raw(a[0]!), coroutine: Raw(a[1]!), state: Raw(a[2]!), exception: Raw(a[3]!),
        stepType: Raw(a[4]!), wakeup: Raw(a[5]!), taskType: Raw(a[6]!), initializer: Raw(a[7]!),
        setName: Raw(a[8]!), cancel: Raw(a[9]!))))
}

/// install_futures(Future, Future.__init__, set_result, set_exception, cancel, code of create_future)
private let installFuturesFunction: FastFunction = { _, a, count in
  guard let a, count == 6 else { return answer(false) }
  Py_IncRef(a[5])
  createFutureCode = Raw(a[5]!)
  return answer(
    installFutures(
      type: Raw(a[0]!), initializer: Raw(a[1]!), setResult: Raw(a[2]!), setException: Raw(a[3]!),
      cancel: Raw(a[4]!)))
}

/// install_poll(select.epoll.poll)
private let installPollFunction: FastFunction = { _, a, count in
  guard let a, count == 1 else { return answer(false) }
  return answer(installPoll(Raw(a[0]!)))
}

/// install_running_loop(_asyncio._set_running_loop)
private let installRunningLoopFunction: FastFunction = { _, a, count in
  guard let a, count == 1 else { return answer(false) }
  return answer(installRunningLoop(Raw(a[0]!)))
}

/// watches(what says whether a loop can be watched)
private let watchesFunction: OneFunction = { _, asked in
  if let asked { setWatches(asked) }
  return none()
}

/// install_uvloop(…): see `installUvloop`.
private let installUvloopFunction: FastFunction = { _, a, count in
  guard let a, count == 6 else { return answer(false) }
  return answer(installUvloop(a))
}

/// own_descriptor(descriptor): the loop wakes itself by it.
private let ownDescriptorFunction: FastFunction = { _, a, count in
  guard let a, count == 1 else { return none() }
  probe_own_descriptor(Int32(truncatingIfNeeded: field(a[0])))
  return none()
}

/// install_locks(example, acquire, __enter__, release, __exit__) and install_rlocks(the same,
/// _release_save, _acquire_restore)
private let installLocksFunction: FastFunction = { _, a, count in
  guard let a, count == 5, let example = a[0] else { return answer(false) }
  return answer(installLocks(a + 1, example: example))
}
private let installRLocksFunction: FastFunction = { _, a, count in
  guard let a, count == 7, let example = a[0] else { return answer(false) }
  return answer(installRLocks(a + 1, example: example))
}

/// install_lock_creation(_thread.allocate_lock, lock type, RLock type)
private let installLockCreationFunction: FastFunction = { _, a, count in
  guard let a, count == 3 else { return answer(false) }
  return answer(installLockCreation(allocate: a[0], lock: a[1], reentrant: a[2]))
}

/// install_join(_ThreadHandle.join, is_done)
private let installJoinFunction: FastFunction = { _, a, count in
  guard let a, count == 2 else { return answer(false) }
  return answer(installJoin(join: a[0], isDone: a[1]))
}

/// install_simple_queue(type, get, put, qsize)
private let installSimpleQueueFunction: FastFunction = { _, a, count in
  guard let a, count == 4, installSimpleQueue(get: a[1], put: a[2], qsize: a[3]) else {
    return answer(false)
  }
  installQueueCreation(a[0]!)
  return answer(true)
}

/// passage(code): a function that only passes on what its caller does.
private let passageFunction: FastFunction = { _, a, count in
  if let a, count == 1, let code = a[0], isCode(code) { addPassage(Raw(code)) }
  return none()
}

/// imports(type of the locks of modules, _find_and_load)
private let importsFunction: FastFunction = { _, a, count in
  if let a, count == 2, let lock = a[0], let function = a[1] {
    setImports(lock: lock, function: function)
  }
  return none()
}

/// signals(code of Condition.wait, Condition.notify, Thread._set_tstate_lock or None)
private let signalsFunction: FastFunction = { _, a, count in
  guard let a, count == 3 else { return none() }
  for index in 0..<3 { Py_IncRef(a[index]) }
  signalCode = (Raw(a[0]!), Raw(a[1]!), Raw(a[2]!))
  return none()
}

/// snapshots(thread primitives, types, _thread.lock.locked): whether the settings make sense.
private let snapshotsFunction: FastFunction = { _, a, count in
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

/// walk(coroutine): [address of code, offset, …] of its await chain, outermost first. For the check.
private let walkFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 1 else { return none() }
  var hash: UInt64 = 0
  return list(walkAwaits(Raw(arguments[0]!), &hash))
}

/// handled(coroutine): the exception that it handles while it is suspended.
private let handledFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 1, let coroutine = arguments[0],
    let handled = handledException(of: Raw(coroutine))
  else { return none() }
  Py_IncRef(object(handled))
  return object(handled)
}

/// site_role(code, flag): what its places are marked with.
private let siteRoleFunction: FastFunction = { _, a, count in
  guard let a, count == 2, let code = a[0], isCode(code) else { return none() }
  Py_IncRef(code)
  setRole(Raw(code), UInt32(truncatingIfNeeded: field(a[1])))
  return none()
}

/// read_handled(): the layout has been verified in this, too.
private let readHandledFunction: FastFunction = { _, _, _ in
  readsHandled = true
  return none()
}

/// here(): the same for the caller's stack, innermost first.
private let hereFunction: FastFunction = { _, _, _ in
  var hash: UInt64 = 0
  return list(walkRunning(PyThreadState_Get(), &hash))
}

private func list(_ count: Int) -> Object? {
  guard let list = PyList_New(0) else { return nil }
  for index in 0..<count {
    let code = PyLong_FromVoidPtr(frames[index].code)
    let offset = PyLong_FromLong(frames[index].instruction)
    _ = PyList_Append(list, code)
    _ = PyList_Append(list, offset)
    Py_DecRef(code)
    Py_DecRef(offset)
  }
  return list
}

/// read_stacks(): the layout has been verified.
private let readStacksFunction: FastFunction = { _, _, _ in
  readsStacks = true
  return none()
}

/// code_parts(code, its file, name, line table and first line, its size): whether they are found in it, so
/// that places can be read without the GIL.
private let codePartsFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 6, let code = arguments[0], isCode(code) else {
    return answer(false)
  }
  return answer(
    findCodeParts(
      code, file: arguments[1]!, function: arguments[2]!, lines: arguments[3]!,
      firstLine: PyLong_AsLong(arguments[4]), size: PyLong_AsLong(arguments[5])))
}

/// watch(): from now on threads are looked at when they rest.
private let watchFunction: FastFunction = { _, _, _ in
  watch()
  return none()
}

/// stop_watch(forked): no more samples of busy threads.
private let stopWatchFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 1 else { return none() }
  probe_watch_stop(field(arguments[0]) != 0)
  if field(arguments[0]) != 0 {
    probe_holders_forked()
    isForked = true
  }
  return none()
}

/// rest() and go_on(): around a fork, no thread of ours is to be counted.
private let restFunction: FastFunction = { _, _, _ in
  probe_watch_rest()
  return none()
}
private let goOnFunction: FastFunction = { _, _, _ in
  probe_watch_go_on()
  return none()
}

private func define(_ methods: UnsafeMutablePointer<PyMethodDef>) {
  var index = 0
  func add(_ name: StaticString, _ function: FastFunction) {
    methods[index].ml_name = cString(name)
    methods[index].ml_meth = unsafeBitCast(function, to: Raw.self)
    methods[index].ml_flags = METH_FASTCALL
    index += 1
  }
  func add(_ name: StaticString, _ function: OneFunction) {
    methods[index].ml_name = cString(name)
    methods[index].ml_meth = unsafeBitCast(function, to: Raw.self)
    methods[index].ml_flags = METH_O
    index += 1
  }
  add("begin", beginFunction)
  add("link", linkFunction)
  add("fact", factFunction)
  add("setup", setupFunction)
  add("reach", reachFunction)
  add("primitive", primitiveFunction)
  add("states", statesFunction)
  add("install_tasks", installTasksFunction)
  add("install_futures", installFuturesFunction)
  add("install_poll", installPollFunction)
  add("install_running_loop", installRunningLoopFunction)
  add("watches", watchesFunction)
  add("install_uvloop", installUvloopFunction)
  add("own_descriptor", ownDescriptorFunction)
  add("install_locks", installLocksFunction)
  add("install_rlocks", installRLocksFunction)
  add("install_lock_creation", installLockCreationFunction)
  add("install_join", installJoinFunction)
  add("install_simple_queue", installSimpleQueueFunction)
  add("passage", passageFunction)
  add("imports", importsFunction)
  add("signals", signalsFunction)
  add("snapshots", snapshotsFunction)
  add("site_role", siteRoleFunction)
  add("walk", walkFunction)
  add("handled", handledFunction)
  add("read_handled", readHandledFunction)
  add("here", hereFunction)
  add("read_stacks", readStacksFunction)
  add("code_parts", codePartsFunction)
  add("watch", watchFunction)
  add("stop_watch", stopWatchFunction)
  add("rest", restFunction)
  add("go_on", goOnFunction)
  add("rec", recFunction)
  add("plain", plainFunction)
  add("queues", queuesFunction)
  add("queue_made", queueMadeFunction)
  add("queue_put", queuePutFunction)
  add("queue_got", queueGotFunction)
  add("task_done", taskDoneFunction)
  add("acquired", acquiredFunction)
  add("released", releasedFunction)
  add("event_set", eventSetFunction)
  add("event_cleared", eventClearedFunction)
  add("depends", dependsFunction)
  add("own", ownFunction)
  add("stock_put", stockPutFunction)
  add("stock_got", stockGotFunction)
  add("given_back", givenBackFunction)
  add("notified", notifiedFunction)
  add("block", blockFunction)
  add("job_queue", jobQueueFunction)
  add("thread_begin", threadBeginFunction)
  add("thread_over", threadOverFunction)
  add("job_start", jobStartFunction)
  add("job_end", jobEndFunction)
  add("timer", timerFunction)
  add("signal", signalFunction)
  add("io", ioFunction)
  add("trouble", troubleFunction)
  add("unawaited", unawaitedFunction)
  add("name", nameFunction)
  add("submitted", submittedFunction)
  add("task_made", taskMadeFunction)
  add("step", stepFunction)
  add("stepped", steppedFunction)
  add("running_loop", runningLoopFunction)
}

/// Room for the methods above and a terminator.
private let methodLimit = 96

@_cdecl("PyInit__coroner_probe")
public func initializeModule() -> UnsafeMutablePointer<PyObject>? {
  guard let methods = calloc(methodLimit, MemoryLayout<PyMethodDef>.stride),
    let module = calloc(1, MemoryLayout<PyModuleDef>.size)
  else { return nil }
  let table = methods.assumingMemoryBound(to: PyMethodDef.self)
  define(table)
  let definition = module.assumingMemoryBound(to: PyModuleDef.self)
  definition.pointee.m_base.ob_base.ob_refcnt = 1
  definition.pointee.m_name = cString("_coroner_probe")
  definition.pointee.m_size = -1
  definition.pointee.m_methods = table
  return PyModule_Create2(definition, 3)
}
