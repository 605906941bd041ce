import CPythonABI

/// What the calling thread waits for, read from its stack: `Condition.wait`, `Queue.get`, `Thread.join`
/// all end in an acquire of a lock that means nothing by itself.
struct BlockedStack {
  var id: UInt32
  var operation: UInt8 = 0
  /// 0: it is what the call is about.
  var resource: UInt64 = 0
}

/// In a row of a primitive, instead of a slot: the resource is what the call itself is about, or that
/// of the primitive within.
let ownResource: UInt8 = 254
let innerResource: UInt8 = 253

/// The wait that an acquire of `lock` by the calling thread stands for.
func blockedStack(_ lock: UInt64) -> BlockedStack {
  guard readsStacks, let thread = PyThreadState_Get() else { return BlockedStack(id: 0) }
  let entry = blockedEntry(thread)
  var wait = BlockedStack(id: entry.id, operation: entry.operation)
  guard entry.frame >= 0 else { return wait }
  wait.resource =
    entry.slot == ownResource ? lock : resource(frames[Int(entry.frame)], slot: entry.slot)
  return wait
}

// MARK: Threads of 3.13

nonisolated(unsafe) private var originalJoin: MethodFunction! = nil
nonisolated(unsafe) private var isDone: MethodFunction! = nil

/// Hooks `_thread._ThreadHandle.join`, by which `Thread.join` waits from 3.13 on.
func installJoin(join: Object?, isDone done: Object?) -> Bool {
  guard originalJoin == nil, let join, let original = methodFunction(join, "join", flags: 0x1),
    let done = methodFunction(done, "is_done", flags: 0x4)
  else { return false }
  originalJoin = original
  isDone = done
  return swapMethod(Raw(join), "join", joinHook) != nil
}

private let joinHook: MethodFunction = { handle, arguments, b, c, d in
  guard readsStacks, isHere(), let done = isDone(handle, nil, nil, nil, nil) else {
    PyErr_Clear()
    return originalJoin(handle, arguments, b, c, d)
  }
  let isOver = PyObject_IsTrue(done) == 1
  Py_DecRef(done)
  var limit = UInt64.max
  if let arguments, PyTuple_Size(object(arguments)) > 0,
    let timeout = PyTuple_GetItem(object(arguments), 0), !isNone(timeout)
  {
    limit = UInt64(milliseconds(timeout) ?? 0)
  }
  let wait = isOver || limit == 0 ? BlockedStack(id: 0) : blockedStack(0)
  guard wait.resource != 0 else { return originalJoin(handle, arguments, b, c, d) }
  return blocking(on: wait.resource, limit, wait) { originalJoin(handle, arguments, b, c, d) }
}

// MARK: SimpleQueue

nonisolated(unsafe) private var originalGet: MethodFunction! = nil
nonisolated(unsafe) private var originalPut: MethodFunction! = nil
nonisolated(unsafe) private var size: MethodFunction! = nil
/// Where `get` finds its arguments: after the class if it is given that.
nonisolated(unsafe) private var getsClass = false

/// Hooks `_queue.SimpleQueue`, which waits in C.
func installSimpleQueue(get: Object?, put: Object?, qsize: Object?) -> Bool {
  guard originalGet == nil, let get, let put,
    let count = methodFunction(qsize, "qsize", flags: 0x4),
    let putFunction = methodFunction(put, "put", flags: 0x82)
  else { return false }
  if let found = methodFunction(get, "get", flags: 0x82) {
    originalGet = found
  } else if let found = methodFunction(get, "get", flags: 0x282) {
    originalGet = found
    getsClass = true
  } else {
    return false
  }
  size = count
  originalPut = putFunction
  return swapMethod(Raw(get), "get", getHook) != nil
    && swapMethod(Raw(put), "put", putHook) != nil
}

private let putHook: MethodFunction = { queue, a, b, c, d in
  let result = originalPut(queue, a, b, c, d)
  if result != nil, isHere(), let queue, !callerIsRuntime() {
    record(CORONER_QUEUE_PUT, address(queue), site: currentStack(), value: items(queue))
  }
  return result
}

private let getHook: MethodFunction = { queue, a, b, c, d in
  guard readsStacks, isHere(), let queue else { return originalGet(queue, a, b, c, d) }
  let limit = getsClass ? getLimit(b, c, d) : getLimit(a, b, c)
  var result: Object?
  if limit == 0 || items(queue) > 0 {
    result = originalGet(queue, a, b, c, d)
  } else {
    let wait = BlockedStack(
      id: currentStack(), operation: UInt8(CORONER_OP_QUEUE_GET.rawValue))
    result = blocking(on: address(queue), limit, wait) { originalGet(queue, a, b, c, d) }
  }
  if result != nil, !callerIsRuntime() {
    record(CORONER_QUEUE_GOT, address(queue), site: currentStack(), value: items(queue))
  }
  return result
}

private func items(_ queue: Object) -> UInt32 {
  guard let answer = size(queue, nil, nil, nil, nil) else {
    PyErr_Clear()
    return 0
  }
  defer { Py_DecRef(answer) }
  return UInt32(truncatingIfNeeded: field(answer))
}

/// How long get(block, timeout) may wait, in ms.
private func getLimit(_ arguments: Raw?, _ count: Raw?, _ names: Raw?) -> UInt64 {
  let (block, timeout) = fastArguments(arguments, count, names, "block")
  if let block, PyObject_IsTrue(block) != 1 {
    PyErr_Clear()
    return 0
  }
  guard let timeout, !isNone(timeout) else { return .max }
  return UInt64(milliseconds(timeout) ?? 0)
}

/// The two arguments of a call by FASTCALL | KEYWORDS that say whether to wait and for how long.
func fastArguments(
  _ arguments: Raw?, _ count: Raw?, _ names: Raw?, _ flag: StaticString
) -> (waits: Object?, timeout: Object?) {
  guard let arguments else { return (nil, nil) }
  let values = arguments.assumingMemoryBound(to: Object?.self)
  let positional = Int(bitPattern: count) & Int.max
  var waits: Object? = positional > 0 ? values[0] : nil
  var timeout: Object? = positional > 1 ? values[1] : nil
  if let names {
    for index in 0..<PyTuple_Size(object(names)) {
      guard let name = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(object(names), index), nil) else {
        PyErr_Clear()
        continue
      }
      if strcmp(name, cString(flag)) == 0 { waits = values[positional + index] }
      if strcmp(name, cString("timeout")) == 0 { timeout = values[positional + index] }
    }
  }
  return (waits, timeout)
}
