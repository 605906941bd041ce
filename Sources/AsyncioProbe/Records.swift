import CPythonABI

/// What the code injected into asyncio calls. None of it raises; all of it returns None.
typealias FastFunction =
  @convention(c) (Object?, UnsafePointer<Object?>?, Int) -> Object?

private let longFlag: UInt = 1 << 24

/// An argument as a field of an event: an int is itself, None is 0, anything else is its address.
@inline(__always)
func field(_ argument: Object?) -> UInt64 {
  guard let argument, !isNone(argument) else { return 0 }
  if UInt(PyType_GetFlags(typeOf(Raw(argument)))) & longFlag != 0 {
    return PyLong_AsUnsignedLongLongMask(argument)
  }
  return address(argument)
}

/// rec(kind, subject[, object[, value]]): an event with the stack of the caller.
let recFunction: FastFunction = { _, arguments, count in
  guard let arguments, count >= 2 else { return none() }
  let object = count > 2 ? field(arguments[2]) : 0
  let value = count > 3 ? UInt32(truncatingIfNeeded: field(arguments[3])) : 0
  probe_record(
    UInt8(truncatingIfNeeded: field(arguments[0])), field(arguments[1]), object, operationStack(),
    value)
  return none()
}

/// own(kind, subject[, object[, value]]): the same, unless the library does it for a purpose of its own.
/// Called from a method of a primitive, so it is that one's caller that counts.
let ownFunction: FastFunction = { _, arguments, count in
  guard let arguments, count >= 2, !runtimeActs(skipping: 1) else { return none() }
  return recFunction(nil, arguments, count)
}

/// notified(condition, how many): by `notify`, unless the library does it for a purpose of its own.
let notifiedFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 2, !runtimeActs(skipping: 1) else { return none() }
  record(
    CORONER_NOTIFIED, address(arguments[0]), field(arguments[1]), site: operationStack(),
    value: waiters(arguments[0]))
  return none()
}

/// plain(kind, subject[, object[, value]]): the same without a stack.
let plainFunction: FastFunction = { _, arguments, count in
  guard let arguments, count >= 2 else { return none() }
  probe_record(
    UInt8(truncatingIfNeeded: field(arguments[0])), field(arguments[1]),
    count > 2 ? field(arguments[2]) : 0, 0,
    count > 3 ? UInt32(truncatingIfNeeded: field(arguments[3])) : 0)
  return none()
}

/// acquired(resource) and its like: an event with the stack of the caller and nothing else.
typealias OneFunction = @convention(c) (Object?, Object?) -> Object?

let acquiredFunction: OneFunction = { operated(CORONER_ACQUIRED, $1) }
let releasedFunction: OneFunction = { operated(CORONER_RELEASED, $1) }
let eventSetFunction: OneFunction = { operated(CORONER_EVENT_SET, $1) }
let eventClearedFunction: OneFunction = { operated(CORONER_EVENT_CLEARED, $1) }
let queuePutFunction: OneFunction = { queued(CORONER_QUEUE_PUT, $1, items($1, after: 1)) }
let queueGotFunction: OneFunction = { queued(CORONER_QUEUE_GOT, $1, items($1, after: -1)) }

/// task_done(queue, how many are still unfinished)
let taskDoneFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 2 else { return none() }
  return queued(
    CORONER_QUEUE_TASK_DONE, arguments[0], UInt32(truncatingIfNeeded: field(arguments[1])))
}

/// What a task does several times in one turn is one event: no other task has a part in it.
@inline(__always)
private func queued(_ kind: coroner_event_kind, _ queue: Object?, _ value: UInt32) -> Object? {
  let stack = operationStack()
  let number = UInt8(truncatingIfNeeded: kind.rawValue)
  if probe_this_thread()!.pointee.task == 0
    || !probe_record_more(number, address(queue), stack, value)
  {
    record(kind, address(queue), site: stack, value: value)
  }
  return none()
}

@inline(__always)
private func operated(
  _ kind: coroner_event_kind, _ resource: Object?, value: UInt32 = 0
) -> Object? {
  record(kind, address(resource), site: operationStack(), value: value)
  return none()
}

/// The stack of the caller, which is about to do what it is called for.
@inline(__always)
func operationStack() -> UInt32 {
  guard readsStacks, let state = PyThreadState_Get() else { return 0 }
  let thread = probe_this_thread()!
  var running = RunningFrames(of: state)
  if let (base, code) = running.place() {
    thread.pointee.operation_frame = base
    thread.pointee.operation_code = code
  }
  let stack = runningStack(state)
  thread.pointee.operation_stack = stack
  return stack
}

/// The stack of what resolves a future: that of the operation which it is a part of, if it has been recorded.
@inline(__always)
func resolverStack(_ state: Raw) -> UInt32 {
  let thread = probe_this_thread()!
  var running = RunningFrames(of: state)
  for _ in 0..<2 {
    guard let (base, code) = running.place() else { break }
    if base == thread.pointee.operation_frame, code == thread.pointee.operation_code {
      return thread.pointee.operation_stack
    }
  }
  return currentStack(state)
}

/// stock_put(queue) and stock_got(queue): the same for a queue of threads, whose lock is held.
let stockPutFunction: OneFunction = { operated(CORONER_QUEUE_PUT, $1, value: stock($1)) }
let stockGotFunction: OneFunction = { operated(CORONER_QUEUE_GOT, $1, value: stock($1)) }

/// given_back(semaphore, count): so many permits of it.
let givenBackFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 2 else { return none() }
  let stack = currentStack()
  for _ in 0..<min(field(arguments[1]), 64) {
    record(CORONER_RELEASED, address(arguments[0]), site: stack)
  }
  return none()
}

/// depends(outer, inners, how): one event for each of the inners.
let dependsFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 3, let inners = arguments[1] else { return none() }
  guard let iterator = PyObject_GetIter(inners) else {
    PyErr_Clear()
    return none()
  }
  while let inner = PyIter_Next(iterator) {
    record(
      CORONER_DEPENDS, address(arguments[0]), address(inner),
      value: UInt32(truncatingIfNeeded: field(arguments[2])))
    Py_DecRef(inner)
  }
  PyErr_Clear()
  Py_DecRef(iterator)
  return none()
}

/// block(resource, timeout, operation): this thread is about to wait.
let blockFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 3 else { return none() }
  var limit = UInt64.max
  if let timeout = arguments[1], !isNone(timeout), let ms = milliseconds(timeout) {
    limit = UInt64(ms)
  }
  record(
    CORONER_BLOCK_BEGIN, field(arguments[0]), limit, site: currentStack(),
    value: UInt32(truncatingIfNeeded: field(arguments[2])))
  return none()
}

/// job_queue(job, executor, code of its function or None)
let jobQueueFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 3 else { return none() }
  var function: UInt32 = 0
  if readsStacks, let code = arguments[2], isCode(code) { function = siteID(Raw(code), -1) }
  record(
    CORONER_JOB_QUEUE, address(arguments[0]), address(arguments[1]), site: currentStack(),
    value: function)
  return none()
}

/// thread_begin(Thread, name): it runs now, on the calling thread.
let threadBeginFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 2 else { return none() }
  if let name = PyUnicode_AsUTF8AndSize(arguments[1], nil) {
    probe_name_thread(name)
  } else {
    PyErr_Clear()
  }
  record(CORONER_THREAD_BIND, address(arguments[0]))
  return none()
}

/// thread_over(): the calling thread has nothing more to run.
let threadOverFunction: FastFunction = { _, _, _ in
  tellHolds(of: 0)
  return none()
}

/// job_start(job): this worker runs it from now on.
let jobStartFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 1 else { return none() }
  probe_this_thread()!.pointee.job = address(arguments[0])
  record(CORONER_JOB_START, address(arguments[0]))
  return none()
}

/// job_end(): the job that this worker ran is over.
let jobEndFunction: FastFunction = { _, _, _ in
  let thread = probe_this_thread()!
  if thread.pointee.job != 0 {
    tellHolds(of: thread.pointee.job)
    record(CORONER_JOB_END, thread.pointee.job)
  }
  thread.pointee.job = 0
  return none()
}

/// timer(timer, when, callback, arguments): call_at armed it; `when` is on the monotonic clock.
let timerFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 4, let when = arguments[1], let callback = arguments[2] else {
    return none()
  }
  var delay: UInt32 = 0
  let at = PyFloat_AsDouble(when)
  if at == -1, PyErr_Occurred() != nil {
    PyErr_Clear()
  } else {
    delay = milliseconds(max(at - Double(probe_monotonic_ns()) / 1e9, 0)) ?? 0
  }
  let timer = address(arguments[0])
  let reached = reach(Raw(callback), arguments[3].map { Raw($0) }) {
    record(CORONER_TIMER_ARM, timer, $0, value: delay)
  }
  if reached == 0 { record(CORONER_TIMER_ARM, timer, value: delay) }
  return none()
}

/// signal(number, callback, arguments): a loop's handler was added.
let signalFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 3, let callback = arguments[1] else { return none() }
  let number = field(arguments[0])
  let reached = reach(Raw(callback), arguments[2].map { Raw($0) }) {
    record(CORONER_SIGNAL_HANDLER, number, $0, value: 1)
  }
  if reached == 0 { record(CORONER_SIGNAL_HANDLER, number, value: 1) }
  return none()
}

/// io(kind, descriptor or file, loop, direction, callback or None)
let ioFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 5, let file = arguments[1] else { return none() }
  let descriptor = PyObject_AsFileDescriptor(file)
  if descriptor < 0 {
    PyErr_Clear()
    return none()
  }
  var flags = UInt32(truncatingIfNeeded: field(arguments[3]))
  if probe_is_listening(descriptor) { flags |= CORONER_IO_LISTEN.rawValue }
  if let name = attribute(arguments[4], "__name__") {
    if let text = PyUnicode_AsUTF8AndSize(name, nil) {
      if strcmp(text, cString("_read_from_self")) == 0 { flags |= CORONER_IO_INTERNAL.rawValue }
    } else {
      PyErr_Clear()
    }
    Py_DecRef(name)
  }
  probe_record(
    UInt8(truncatingIfNeeded: field(arguments[0])), UInt64(descriptor), address(arguments[2]),
    flags & CORONER_IO_LISTEN.rawValue != 0 ? currentStack() : 0, flags)
  return none()
}

/// trouble(loop, context): what a loop's exception handler was called with.
let troubleFunction: FastFunction = { _, arguments, count in
  if let arguments, count == 2, let loop = arguments[0], let context = arguments[1] {
    recordTrouble(of: loop, context)
  }
  return none()
}

func recordTrouble(of loop: Object, _ context: Object) {
  guard let message = PyDict_GetItemString(context, cString("message")) else { return }
  var subject = PyDict_GetItemString(context, cString("task"))
  if subject == nil { subject = PyDict_GetItemString(context, cString("future")) }
  guard let subject else {
    recordFailure(of: loop, PyDict_GetItemString(context, cString("exception")))
    return
  }
  guard let text = PyUnicode_AsUTF8AndSize(message, nil) else { return PyErr_Clear() }
  if strstr(text, cString("never retrieved")) != nil {
    record(CORONER_EXCEPTION_UNRETRIEVED, address(subject))
  } else if strstr(text, cString("destroyed but it is pending")) != nil {
    record(CORONER_TASK_DESTROYED, address(subject))
  }
}

/// A callback of the loop raised an exception, and nobody else hears of it.
private func recordFailure(of loop: Object, _ exception: Object?) {
  guard let exception, !isNone(exception) else { return }
  let type = exceptionType(exception)
  record(CORONER_CALLBACK_FAILED, address(loop), UInt64(type), site: raiseStack(exception))
}

/// unawaited(coroutine): it is collected and was never awaited.
let unawaitedFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 1 else { return none() }
  record(
    CORONER_NEVER_AWAITED, address(arguments[0]), site: currentStack(),
    value: functionSite(arguments[0]))
  return none()
}

/// submitted(future, coroutine): the future is for the result of the coroutine, and goes by its name.
let submittedFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 2, let coroutine = arguments[1],
    typeOf(Raw(coroutine)) == coroutineType
  else { return none() }
  let name = attribute(coroutine, "__qualname__")
  let id = defineText(name)
  if id != 0 { record(CORONER_NAME, address(arguments[0]), value: id) }
  Py_DecRef(name)
  return none()
}

/// name(party or resource, text)
let nameFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 2, let of = arguments[0], let name = arguments[1] else {
    return none()
  }
  recordName(of, name)
  return none()
}
