import CPythonABI

/// asyncio's own classes of queues, whose items are in a collection; subclasses may keep them elsewhere.
nonisolated(unsafe) private var plainQueues: (Raw?, Raw?, Raw?) = (nil, nil, nil)
nonisolated(unsafe) private var itemsName: Object? = nil
nonisolated(unsafe) private var sizeName: Object? = nil
nonisolated(unsafe) private var stockName: Object? = nil
nonisolated(unsafe) private var waitersName: Object? = nil

/// queues(Queue, PriorityQueue, LifoQueue)
let queuesFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 3 else { return none() }
  for index in 0..<3 { Py_IncRef(arguments[index]) }
  plainQueues = (
    arguments[0].map { Raw($0) }, arguments[1].map { Raw($0) }, arguments[2].map { Raw($0) }
  )
  known = calloc(Int(knownCount), MemoryLayout<Known>.stride)?.assumingMemoryBound(to: Known.self)
  itemsName = PyUnicode_InternFromString(cString("_queue"))
  sizeName = PyUnicode_InternFromString(cString("qsize"))
  stockName = PyUnicode_InternFromString(cString("queue"))
  waitersName = PyUnicode_InternFromString(cString("_waiters"))
  return none()
}

/// How many items are in a queue, 0 if it does not say.
@inline(never)
func items(_ queue: Object?) -> UInt32 {
  guard let queue, let itemsName else { return 0 }
  return isPlain(queue) ? length(of: itemsName, in: queue) : size(queue)
}

@inline(__always)
private func isPlain(_ queue: Object) -> Bool {
  let type = typeOf(Raw(queue))
  return type == plainQueues.0 || type == plainQueues.1 || type == plainQueues.2
}

/// What a queue of asyncio's own is known to hold: asking it at every operation would cost more than all
/// else. Asked anew after `trust` operations, for a program may change the collection by itself.
private struct Known {
  var queue: Raw? = nil
  var items: Int32 = 0
  var trust: Int32 = 0
}
private let trusted: Int32 = 64
private let knownCount: UInt64 = 256
nonisolated(unsafe) private var known: UnsafeMutablePointer<Known>? = nil

@inline(__always)
private func knownSlot(_ queue: Raw) -> UnsafeMutablePointer<Known>? {
  let number = address(queue) >> 4
  return known.map { $0 + Int(truncatingIfNeeded: (number ^ number >> 8) % knownCount) }
}

/// How many items are in a queue after one was put (1) or taken (-1).
@inline(__always)
func items(_ queue: Object?, after change: Int32) -> UInt32 {
  guard let queue, let slot = knownSlot(Raw(queue)), slot.pointee.queue == Raw(queue),
    slot.pointee.trust > 0, slot.pointee.items + change >= 0
  else { return askedItems(queue) }
  slot.pointee.trust -= 1
  slot.pointee.items += change
  return UInt32(slot.pointee.items)
}

@inline(never)
private func askedItems(_ queue: Object?) -> UInt32 {
  let count = items(queue)
  guard let queue, isPlain(queue), let slot = knownSlot(Raw(queue)), count < 1 << 30 else {
    return count
  }
  slot.pointee = Known(queue: Raw(queue), items: Int32(count), trust: trusted)
  return count
}

/// queue_made(queue, places)
let queueMadeFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 2, let queue = arguments[0] else { return none() }
  // Another one may have been where it is.
  if let slot = knownSlot(Raw(queue)) { slot.pointee.queue = nil }
  record(
    CORONER_RESOURCE_CREATE, address(queue), field(arguments[1]), site: currentStack(),
    value: CORONER_RESOURCE_QUEUE.rawValue)
  return none()
}

/// The same for a queue of threads, whose lock the calling thread holds.
@inline(__always)
func stock(_ queue: Object?) -> UInt32 {
  guard let queue, let stockName else { return 0 }
  return length(of: stockName, in: queue)
}

/// How many threads wait in a condition, whose lock the calling thread holds.
@inline(__always)
func waiters(_ condition: Object?) -> UInt32 {
  guard let condition, let waitersName else { return 0 }
  return length(of: waitersName, in: condition)
}

/// The length of the collection that an attribute holds, 0 if there is none.
@inline(__always)
private func length(of name: Object, in queue: Object) -> UInt32 {
  guard let collection = PyObject_GetAttr(queue, name) else {
    PyErr_Clear()
    return 0
  }
  let count = PyObject_Size(collection)
  Py_DecRef(collection)
  if count < 0 { PyErr_Clear() }
  return UInt32(clamping: count)
}

@inline(never)
private func size(_ queue: Object) -> UInt32 {
  guard let sizeName, let method = PyObject_GetAttr(queue, sizeName) else {
    PyErr_Clear()
    return 0
  }
  defer { Py_DecRef(method) }
  guard let answer = PyObject_CallObject(method, nil) else {
    PyErr_Clear()
    return 0
  }
  defer { Py_DecRef(answer) }
  return UInt32(truncatingIfNeeded: field(answer))
}
