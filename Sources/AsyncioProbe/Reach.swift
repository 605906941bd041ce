import CPythonABI

/// What a timer or a signal handler can act on: the tasks, futures and primitives that its callback
/// refers to, near enough. Guarded by the GIL.

/// Objects looked at, and steps from the callback (dicts, tuples and cells do not count as steps).
private let objectLimit = 64
private let stepLimit = 3

/// Types whose instances are parties or resources.
nonisolated(unsafe) private var knownTypes: UnsafeMutablePointer<Raw>! = nil
nonisolated(unsafe) private var knownCount = 0
/// Types that are never entered: loops, modules.
nonisolated(unsafe) private var closedTypes: UnsafeMutablePointer<Raw>! = nil
nonisolated(unsafe) private var closedCount = 0
nonisolated(unsafe) var functionType: Raw? = nil
/// `futures._set_result_unless_cancelled`, what `asyncio.sleep` schedules.
nonisolated(unsafe) var setResultFunction: Raw? = nil

private struct Visit {
  var object: Raw
  var depth: Int
}
nonisolated(unsafe) private var queue: UnsafeMutablePointer<Visit>! = nil
nonisolated(unsafe) private var queued = 0
nonisolated(unsafe) private var depth = 0

private let typeSubclassFlag: UInt = 1 << 31
private let collectableFlag: UInt = 1 << 14
private let transparentFlags: UInt = 1 << 29 | 1 << 26 | 1 << 25  // dict, tuple, list

/// Sets what is known and what is closed, from two tuples of types.
func setReach(known: Object, closed: Object) {
  queue = allocate(Visit.self, objectLimit)
  (knownTypes, knownCount) = types(known)
  (closedTypes, closedCount) = types(closed)
}

private func allocate<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
  calloc(count + 1, MemoryLayout<T>.stride)!.assumingMemoryBound(to: T.self)
}

private func types(_ tuple: Object) -> (UnsafeMutablePointer<Raw>, Int) {
  let count = PyTuple_Size(tuple)
  let list = allocate(Raw.self, count)
  for index in 0..<count {
    let type = PyTuple_GetItem(tuple, index)!
    Py_IncRef(type)
    list[index] = Raw(type)
  }
  return (list, count)
}

/// Calls `found` with each party or resource in reach of a callback and its arguments; returns how many.
/// - Parameter asking: whether Python code may run to learn of a method that it has not met.
func reach(
  _ callback: Raw, _ arguments: Raw?, asking: Bool = true, _ found: (UInt64) -> Void
) -> Int {
  if callback == setResultFunction, let arguments, PyTuple_Size(object(arguments)) > 0 {
    found(address(PyTuple_GetItem(object(arguments), 0)))
    return 1
  }
  guard queue != nil else { return 0 }
  queued = 0
  depth = 0
  _ = visit(function(aloneIn: callback, asking: asking) ?? callback, nil)
  if let arguments { _ = visit(arguments, nil) }
  var count = 0
  var next = 0
  while next < queued {
    let this = queue[next]
    next += 1
    let type = typeOf(this.object)
    if isAny(type, knownTypes, knownCount) {
      count += 1
      found(address(this.object))
      continue
    }
    let flags = UInt(PyType_GetFlags(type))
    let transparent = flags & transparentFlags != 0 || type == cellType
    depth = this.depth + (transparent ? 0 : 1)
    if depth > stepLimit || flags & typeSubclassFlag != 0 { continue }
    if isAny(type, closedTypes, closedCount) { continue }
    if type == functionType {
      // A function's other references are its module's.
      if let closure = probe_function_part(this.object, 0) { _ = visit(closure, nil) }
      if let defaults = probe_function_part(this.object, 1) { _ = visit(defaults, nil) }
      continue
    }
    guard let traverse = load(type, traverseOffset) else { continue }
    _ = unsafeBitCast(traverse, to: TraverseFunction.self)(this.object, visit, nil)
  }
  return count
}

private let visit: VisitFunction = { found, _ in
  guard let found, queued < objectLimit else { return 0 }
  if UInt(PyType_GetFlags(typeOf(found))) & collectableFlag == 0 { return 0 }
  for index in 0..<queued where queue[index].object == found { return 0 }
  queue[queued] = Visit(object: found, depth: depth)
  queued += 1
  return 0
}

private func isAny(_ type: Raw, _ list: UnsafeMutablePointer<Raw>, _ count: Int) -> Bool {
  for index in 0..<count where PyType_IsSubtype(type, list[index]) != 0 { return true }
  return false
}
