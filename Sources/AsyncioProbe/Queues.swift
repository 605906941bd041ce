import CPythonABI

/// asyncio's own classes of queues, whose items are in a collection; subclasses may keep them elsewhere.
nonisolated(unsafe) private var plainQueues: (Raw?, Raw?, Raw?) = (nil, nil, nil)
nonisolated(unsafe) private var itemsName: Object? = nil
nonisolated(unsafe) private var sizeName: Object? = nil
nonisolated(unsafe) private var stockName: Object? = nil

/// queues(Queue, PriorityQueue, LifoQueue)
let queuesFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 3 else { return none() }
  for index in 0..<3 { Py_IncRef(arguments[index]) }
  plainQueues = (
    arguments[0].map { Raw($0) }, arguments[1].map { Raw($0) }, arguments[2].map { Raw($0) }
  )
  itemsName = PyUnicode_InternFromString(cString("_queue"))
  sizeName = PyUnicode_InternFromString(cString("qsize"))
  stockName = PyUnicode_InternFromString(cString("queue"))
  return none()
}

/// How many items are in a queue, 0 if it does not say.
@inline(__always)
func items(_ queue: Object?) -> UInt32 {
  guard let queue, let itemsName else { return 0 }
  let type = typeOf(Raw(queue))
  guard type == plainQueues.0 || type == plainQueues.1 || type == plainQueues.2 else {
    return size(queue)
  }
  return length(of: itemsName, in: queue)
}

/// The same for a queue of threads, whose lock the calling thread holds.
@inline(__always)
func stock(_ queue: Object?) -> UInt32 {
  guard let queue, let stockName else { return 0 }
  return length(of: stockName, in: queue)
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
