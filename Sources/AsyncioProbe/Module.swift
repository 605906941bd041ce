import CPythonABI

/// The entries that the Python part of the probe calls, each of which is written beside what it does.
private func define(_ methods: UnsafeMutablePointer<PyMethodDef>) {
  var index = 0
  func add(_ name: StaticString, _ entry: Raw, _ flags: Int32) {
    methods[index].ml_name = cString(name)
    methods[index].ml_meth = entry
    methods[index].ml_flags = flags
    index += 1
  }
  func add(_ name: StaticString, _ function: FastFunction) {
    add(name, unsafeBitCast(function, to: Raw.self), METH_FASTCALL)
  }
  func add(_ name: StaticString, _ function: OneFunction) {
    add(name, unsafeBitCast(function, to: Raw.self), METH_O)
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
