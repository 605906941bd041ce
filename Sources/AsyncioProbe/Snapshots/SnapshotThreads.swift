import CPythonABI

/// Where the threads of the interpreter stand.

/// A function of the standard library in which a thread blocks.
struct ThreadPrimitive {
  var module, type, function: UnsafePointer<CChar>
  var operation: UInt32
  /// Which local limits the wait; `noResource` if none does.
  var timeoutSlot: UInt8
  /// It stands for the waits that it makes of others.
  var absorbs: Bool
  /// Its third local is a lock that is locked while it waits.
  var showsLock: Bool
  /// What its code is now: others may have compiled it anew.
  var code: Raw?
}

nonisolated(unsafe) private var primitives: UnsafeMutablePointer<ThreadPrimitive>! = nil
nonisolated(unsafe) private var primitiveCount = 0
/// `threading._shutdown`, in which the interpreter waits for threads at its end.
nonisolated(unsafe) private var shutdown: ThreadPrimitive? = nil
nonisolated(unsafe) var moduleType: Raw? = nil
nonisolated(unsafe) var lockType: Raw? = nil
nonisolated(unsafe) private var isLocked: MethodFunction? = nil

/// The type of `_thread.lock` and the descriptor of its method `locked`.
func setLock(_ type: Raw, locked: Raw) {
  guard let definition = load(locked, Offset.descriptorBody),
    let function = load(definition, Offset.methodDefFunction)
  else { return }
  lockType = type
  isLocked = unsafeBitCast(function, to: MethodFunction.self)
}

/// Sets what is known: tuples of module, class or "", function, operation, slot of the time limit or
/// `noResource`, whether it absorbs, whether its third local is a lock.
func setThreadPrimitives(_ rows: Object) {
  let count = PyTuple_Size(rows)
  guard let memory = calloc(count + 1, MemoryLayout<ThreadPrimitive>.stride) else { return }
  primitives = memory.assumingMemoryBound(to: ThreadPrimitive.self)
  for index in 0..<count {
    guard let row = PyTuple_GetItem(rows, index), PyTuple_Size(row) == 7,
      let module = text(row, 0), let type = text(row, 1), let function = text(row, 2)
    else { continue }
    let primitive = ThreadPrimitive(
      module: module, type: type, function: function,
      operation: UInt32(truncatingIfNeeded: field(PyTuple_GetItem(row, 3))),
      timeoutSlot: UInt8(truncatingIfNeeded: field(PyTuple_GetItem(row, 4))),
      absorbs: field(PyTuple_GetItem(row, 5)) != 0, showsLock: field(PyTuple_GetItem(row, 6)) != 0,
      code: nil)
    if primitive.operation == 0 {
      shutdown = primitive
    } else {
      primitives[primitiveCount] = primitive
      primitiveCount += 1
    }
  }
}

private func text(_ row: Object, _ index: Int) -> UnsafePointer<CChar>? {
  guard let bytes = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(row, index), nil) else {
    PyErr_Clear()
    return nil
  }
  return UnsafePointer(strdup(bytes))
}

/// The dictionary of a module that has been imported (borrowed).
func moduleDictionary(_ name: UnsafePointer<CChar>) -> Object? {
  guard let module = PyDict_GetItemString(PyImport_GetModuleDict(), name),
    typeOf(Raw(module)) == moduleType
  else { return nil }
  return PyModule_GetDict(module)
}

private func code(of primitive: ThreadPrimitive) -> Raw? {
  guard var found = moduleDictionary(primitive.module) else { return nil }
  if primitive.type[0] == 0 {
    guard let function = PyDict_GetItemString(found, primitive.function) else { return nil }
    found = function
    Py_IncRef(found)
  } else {
    guard let type = PyDict_GetItemString(found, primitive.type) else { return nil }
    guard let function = PyObject_GetAttrString(type, primitive.function) else {
      PyErr_Clear()
      return nil
    }
    found = function
  }
  // The module keeps it.
  defer { Py_DecRef(found) }
  return typeOf(Raw(found)) == functionType ? PyFunction_GetCode(found).map { Raw($0) } : nil
}

/// One thread: what it waits for, as far as its frames say.
struct StandingThread {
  var state: Raw
  var tid: UInt64
  var stack: UInt32
  var resource: UInt64
  var operation: UInt32
  var role: ThreadRole
  /// The arguments of its function, if nobody has them but its Thread object: that keeps them for it alone.
  var arguments: (Raw?, Raw?) = (nil, nil)
  /// The descriptor of this process by which the connection that it waits at is served, -1 if none.
  var serving: Int32 = -1
  /// The call of its function has the first of them on its stack, where no reference is looked for.
  var passesArguments = false
}

/// What the frames of a thread wait for.
enum ThreadRole: UInt8 {
  /// Nothing, as far as is known.
  case acts
  /// All of them for the resource, without a limit.
  case waits
  /// Those outside of its loop for the loop's main task.
  case runsLoop
}

struct StandingThreads {
  var list = Buffer<StandingThread>()
  /// The interpreter waits for its threads to end.
  var isExiting = false

  func record() {
    for index in 0..<list.count {
      let thread = list[index]
      if thread.serving >= 0 { recordServing(thread) }
      AsyncioProbe.record(
        CORONER_THREAD_WAIT, thread.tid, thread.resource, site: thread.stack,
        value: thread.operation)
    }
  }

  private func recordServing(_ thread: StandingThread) {
    let descriptor = thread.resource & ~descriptorBit
    AsyncioProbe.record(CORONER_IO_PEER, descriptor, UInt64(thread.serving))
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { text in
      guard let base = text.baseAddress,
        probe_peer_name(Int32(truncatingIfNeeded: descriptor), base, text.count)
      else { return }
      let name = probe_define_string(base, strlen(base))
      AsyncioProbe.record(CORONER_NAME, thread.resource, value: name)
    }
  }

  /// Calls `body` with each frame that waits, and the state of its thread.
  func eachPartyFrame(_ body: (Raw, RunningFrame) -> Void) {
    let until = loopCodes().until
    for index in 0..<list.count where list[index].role != .acts {
      let state = list[index].state
      var inner = 0
      if list[index].role == .runsLoop {
        // Outside of the outermost loop.
        var count = 0
        eachRunningFrame(state) { frame in
          if frame.code == until { inner = count }
          count += 1
          return true
        }
      }
      eachRunningFrame(state) { frame in
        inner -= 1
        if inner < 0 { body(state, frame) }
        return true
      }
    }
  }

  /// Calls `body` with each object that only a call of a waiting thread refers to besides what is tracked.
  func eachPassedArgument(_ body: (Raw) -> Void) {
    for index in 0..<list.count where list[index].passesArguments {
      if let arguments = list[index].arguments.0 { body(arguments) }
    }
  }

  func free() {
    var list = list
    list.free()
  }
}

func standingThreads() -> StandingThreads {
  var threads = StandingThreads()
  for index in 0..<primitiveCount { primitives[index].code = code(of: primitives[index]) }
  let shutdownCode = shutdown.flatMap { code(of: $0) }
  var next = PyInterpreterState_ThreadHead(PyInterpreterState_Get())
  let own = PyThreadState_Get()
  while let state = next, threads.list.count < 4096 {
    next = PyThreadState_Next(state)
    if state == own { continue }
    let tid = probe_tid(state)
    let stack = runningStack(state)
    if tid == 0 || stack == 0 { continue }
    var hash: UInt64 = 0
    let count = walkRunning(state, &hash)
    var thread = StandingThread(
      state: state, tid: tid, stack: stack, resource: 0, operation: 0, role: .acts)
    findThreadPrimitive(count, &thread)
    if thread.operation == 0, threads.list.count < 256 { findCall(&thread) }
    findRole(&thread)
    for index in 0..<count where frames[index].code == shutdownCode { threads.isExiting = true }
    if !threads.list.append(thread) { break }
  }
  return threads
}

private func findRole(_ thread: inout StandingThread) {
  if !knowsFrameReferences() || thread.resource == 0 { thread.role = .acts }
  guard knowsFrameReferences() else { return }
  let codes = loopCodes()
  var runs = false
  var runsUntil = false
  eachRunningFrame(thread.state) { frame in
    if frame.code == codes.forever { runs = true }
    if frame.code == codes.until { runsUntil = true }
    return true
  }
  let isInCall = thread.role == .waits && thread.resource & (processBit | descriptorBit) != 0
  if !isInCall, runs || runsUntil { thread.role = runsUntil ? .runsLoop : .acts }
  if thread.role == .waits { findArguments(&thread) }
}

/// The call of the kernel that a thread is blocked in; the frames of one that waits for a child wait with it.
private func findCall(_ thread: inout StandingThread) {
  let call = probe_call_of(0, Int(thread.tid))
  let kind = probe_call_kind(rawValue: UInt32(call.kind))
  if kind == PROBE_CALL_CHILD, call.object > 0 {
    thread.operation = CORONER_OP_PROCESS.rawValue
    thread.resource = processBit | UInt64(call.object)
    thread.role = .waits
  } else if kind == PROBE_CALL_READ || kind == PROBE_CALL_WRITE, !probe_has_limit(call.object) {
    thread.serving = probe_serving(call.object)
    if thread.serving < 0 { return }
    thread.operation =
      kind == PROBE_CALL_READ ? CORONER_OP_READ.rawValue : CORONER_OP_DRAIN.rawValue
    thread.resource = descriptorBit | UInt64(call.object)
    thread.role = .waits
  }
}

private func findArguments(_ thread: inout StandingThread) {
  var outermost: Raw? = nil
  let run = code(ofThreads: "run")
  var runs = false
  eachRunningFrame(thread.state) { frame in
    if localCount(frame.code) > 0 { outermost = untagged(load(frame.base, layout.locals)) }
    if frame.code == run { runs = true }
    return true
  }
  guard let object = outermost, let type = threadType(),
    PyType_IsSubtype(typeOf(object), Raw(type)) != 0
  else { return }
  // Up to 3.11 a call keeps the tuple that it is given.
  thread.passesArguments = runs && minorVersion < 12
  thread.arguments = (
    onlyHeld(by: object, argumentsName, thread.passesArguments ? 2 : 1),
    onlyHeld(by: object, keywordsName, 1)
  )
}

private func threadType() -> Object? {
  moduleDictionary(cString("threading")).flatMap { PyDict_GetItemString($0, cString("Thread")) }
}

/// The code of a method of threading.Thread.
private func code(ofThreads method: StaticString) -> Raw? {
  guard let type = threadType(), let function = PyObject_GetAttrString(type, cString(method))
  else {
    PyErr_Clear()
    return nil
  }
  // The class keeps it.
  defer { Py_DecRef(function) }
  return typeOf(Raw(function)) == functionType ? code(ofFunction: function) : nil
}

/// An attribute (borrowed) that has so many references.
private func onlyHeld(by thread: Raw, _ name: Object, _ references: Int) -> Raw? {
  guard let value = plainAttribute(thread, name) else { return nil }
  Py_DecRef(value)
  return value.pointee.ob_refcnt == references ? Raw(value) : nil
}

/// The primitive that a thread with the first `count` of `frames` (innermost first) waits for.
private func findThreadPrimitive(_ count: Int, _ thread: inout StandingThread) {
  var isFound = false
  var isLimited = false
  for index in 0..<count {
    let frame = frames[index]
    guard let primitive = threadPrimitive(frame.code) else {
      if isRuntime(frame.code), !isFound || index < 8 { continue }
      return
    }
    if isFound, !primitive.absorbs { return }
    if let limit = local(frame, primitive.timeoutSlot), !isNone(object(limit)) { isLimited = true }
    if !isFound {
      let isIn = index == 0 && primitive.showsLock && isHeld(local(frame, 2))
      if isIn || primitive.operation == CORONER_OP_JOIN.rawValue { thread.role = .waits }
    }
    if isLimited { thread.role = .acts }
    isFound = true
    thread.operation = primitive.operation
    thread.resource = resource(frame, slot: 0)
  }
}

private func local(_ frame: Frame, _ slot: UInt8) -> Raw? {
  slot == noResource ? nil : untagged(load(frame.locals, Int(slot) * 8))
}

private func isHeld(_ lock: Raw?) -> Bool {
  guard let lock, typeOf(lock) == lockType,
    let answer = isLocked?(object(lock), nil, nil, nil, nil)
  else { return false }
  defer { Py_DecRef(answer) }
  return PyObject_IsTrue(answer) == 1
}

private func threadPrimitive(_ code: Raw) -> ThreadPrimitive? {
  for index in 0..<primitiveCount where primitives[index].code == code { return primitives[index] }
  return nil
}
