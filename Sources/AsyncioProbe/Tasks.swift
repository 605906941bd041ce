import CPythonABI

nonisolated(unsafe) private var getWaiter: Getter? = nil
nonisolated(unsafe) private var getCoroutine: Getter? = nil
nonisolated(unsafe) private var getState: Getter? = nil
nonisolated(unsafe) private var getException: Getter? = nil
/// The interned states of a future.
nonisolated(unsafe) private var pending: Object? = nil
nonisolated(unsafe) private var cancelled: Object? = nil

/// Names of parameters.
nonisolated(unsafe) private var nameKey: Object? = nil
nonisolated(unsafe) private var eagerKey: Object? = nil

nonisolated(unsafe) private var originalStep: CallFunction? = nil
nonisolated(unsafe) private var originalWakeup: MethodFunction? = nil
nonisolated(unsafe) private var originalWakeupCall: CallFunction? = nil
nonisolated(unsafe) private var originalInit: InitFunction? = nil
nonisolated(unsafe) private var originalSetName: MethodFunction? = nil
nonisolated(unsafe) private var originalCancel: MethodFunction? = nil

/// How many tasks had no name of their own: asyncio counts the same for Task-N.
nonisolated(unsafe) private var defaultNames: UInt64 = 0

/// What `install_tasks` gets from Python, in this order.
struct TaskParts {
  var waiter, coroutine, state, exception: Raw
  var stepType, wakeup, taskType, initializer, setName, cancel: Raw
}

/// Hooks every step of every C task. Nothing is changed unless all of it is as expected.
func installTasks(_ parts: TaskParts) -> Bool {
  // A second interpreter of this process shares what has been hooked.
  guard originalStep == nil, let waiter = Getter(parts.waiter, "_fut_waiter"),
    let coroutine = Getter(parts.coroutine, "_coro"),
    let state = Getter(parts.state, "_state"),
    let exception = Getter(parts.exception, "_exception")
  else { return false }
  getWaiter = waiter
  getCoroutine = coroutine
  getState = state
  getException = exception
  nameKey = PyUnicode_InternFromString(cString("name"))
  eagerKey = PyUnicode_InternFromString(cString("eager_start"))
  // Up to 3.9 what wakes a task up is an object of a type of its own, later a builtin method.
  if minorVersion >= 10 {
    guard let definition = load(parts.wakeup, Offset.builtinMethodDef),
      let old = swapDefinition(definition, "task_wakeup", wakeupHook)
    else { return false }
    originalWakeup = old
  } else {
    originalWakeupCall = swapCall(typeOf(parts.wakeup), wakeupCallHook)
  }
  originalStep = swapCall(parts.stepType, stepHook)
  guard let initializer = swapInit(parts.taskType, parts.initializer, initHook) else {
    return false
  }
  originalInit = initializer
  originalSetName = swapMethod(parts.setName, "set_name", setNameHook)
  originalCancel = swapMethod(parts.cancel, "cancel", cancelHook)
  return originalSetName != nil && originalCancel != nil
}

// MARK: Steps

private let wakeupHook: MethodFunction = { task, future, a, b, c in
  guard let task, isHere() else { return originalWakeup!(task, future, a, b, c) }
  return stepping(task) { originalWakeup!(task, future, a, b, c) }
}
private let wakeupCallHook: CallFunction = { wrapper, arguments, keywords in
  guard let wrapper, isHere(), let task = load(Raw(wrapper), Offset.firstField) else {
    return originalWakeupCall!(wrapper, arguments, keywords)
  }
  return stepping(object(task)) { originalWakeupCall!(wrapper, arguments, keywords) }
}
private let stepHook: CallFunction = { wrapper, arguments, keywords in
  guard let wrapper, isHere(), let task = load(Raw(wrapper), Offset.firstField) else {
    return originalStep!(wrapper, arguments, keywords)
  }
  return stepping(object(task)) { originalStep!(wrapper, arguments, keywords) }
}

@inline(__always)
private func stepping(_ task: Object, _ step: () -> Object?) -> Object? {
  let thread = probe_this_thread()!
  // Steps nest: an eager task's, a nested loop's. The outer task goes on when the inner step ends.
  let outer = thread.pointee.task
  thread.pointee.task = address(task)
  record(CORONER_TASK_RESUME, address(task))
  // Who called holds what refers to the task.
  let result = step()
  if result != nil { stepped(task) } else { preservingError { stepped(task) } }
  thread.pointee.task = outer
  return result
}

/// Records how a step ended, from the task itself: it waits for a future, has yielded, or is over.
@inline(__always)
private func stepped(_ task: Object) {
  tellHolds(of: address(task)) { getCoroutine!(task) }
  guard let waiter = getWaiter!(task) else { return }
  defer { Py_DecRef(waiter) }
  if isNone(waiter) {
    guard let state = getState!(task) else { return }
    defer { Py_DecRef(state) }
    guard state == pending else {
      let exception = state == cancelled ? nil : getException!(task)
      ended(task, state, exception)
      Py_DecRef(exception)
      return
    }
    suspended(task, 0)
  } else {
    suspended(task, address(waiter))
  }
}

@inline(__always)
private func suspended(_ task: Object, _ future: UInt64) {
  let coroutine = getCoroutine!(task)
  suspended(task, future, coroutine)
  Py_DecRef(coroutine)
}

@inline(__always)
func suspended(_ task: Object, _ future: UInt64, _ coroutine: Object?) {
  var stack = StackEntry()
  // Where a task stands that only lets others run is of no interest: it is ready.
  if future != 0, let coroutine {
    stack = awaitStack(Raw(coroutine))
    if stack.frame >= 0 {
      // `frames` still holds the walk.
      let waitsFor = resource(frames[Int(stack.frame)], slot: stack.slot)
      let thread = probe_this_thread()!
      let isOwn = thread.pointee.fresh == future
      if isOwn { thread.pointee.fresh = 0 }
      record(
        isOwn ? CORONER_TASK_WAIT_OWN : CORONER_TASK_WAIT, waitsFor, future, site: stack.id,
        value: UInt32(stack.operation))
      return
    }
  }
  record(CORONER_TASK_SUSPEND, address(task), future, site: stack.id)
}

func isPending(state: Object) -> Bool { state == pending }

func ended(_ task: Object, _ state: Object, _ exception: Object?) {
  if state == cancelled {
    record(CORONER_TASK_END, address(task), value: CORONER_OUTCOME_CANCELLED.rawValue)
    return
  }
  guard let exception else { return }
  if isNone(exception) {
    record(CORONER_TASK_END, address(task), value: CORONER_OUTCOME_VALUE.rawValue)
    return
  }
  record(
    CORONER_TASK_END, address(task), UInt64(exceptionType(exception)), site: raiseStack(exception),
    value: CORONER_OUTCOME_ERROR.rawValue)
}

/// The string id of its name.
func exceptionType(_ exception: Object) -> UInt32 {
  let name = attribute(object(typeOf(Raw(exception))), "__name__")
  defer { Py_DecRef(name) }
  return defineText(name)
}

// MARK: Creation, names, cancellation

private let initHook: InitFunction = { task, arguments, keywords in
  guard let task, isHere() else { return originalInit!(task, arguments, keywords) }
  let name = keywords.flatMap { item($0, nameKey) }
  let named = name != nil && !isNone(name)
  if minorVersion >= 12, let keywords,
    let eager = item(keywords, eagerKey),
    PyObject_IsTrue(eager) == 1
  {
    return initEagerly(task, arguments, keywords, named ? name : nil)
  }
  let result = originalInit!(task, arguments, keywords)
  if result != 0 { return result }
  let coroutine = getCoroutine!(task)
  made(task, named ? name : nil, coroutine)
  Py_DecRef(coroutine)
  return result
}

/// A task has been created, by C code or by Python's, and has a name of its own or not.
func made(_ task: Object, _ name: Object?, _ coroutine: Object?) {
  if name == nil { defaultNames += 1 }
  created(task, name, coroutine)
}

/// The states of a future, each the one string of its text.
func setStates(pending waiting: Object, cancelled ended: Object) {
  Py_IncRef(waiting)
  Py_IncRef(ended)
  pending = waiting
  cancelled = ended
}

/// An eager task makes its first step while it is created.
private func initEagerly(
  _ task: Object, _ arguments: Object?, _ keywords: Object?, _ name: Object?
) -> Int32 {
  if name == nil { defaultNames += 1 }
  var coroutine = keywords.flatMap { PyDict_GetItemString($0, cString("coro")) }
  if coroutine == nil, let arguments, PyTuple_Size(arguments) > 0 {
    coroutine = PyTuple_GetItem(arguments, 0)
  }
  created(task, name, coroutine)
  let thread = probe_this_thread()!
  let outer = thread.pointee.task
  thread.pointee.task = address(task)
  record(CORONER_TASK_RESUME, address(task))
  let result = originalInit!(task, arguments, keywords)
  if result == 0 {
    stepped(task)
  } else {
    record(CORONER_TASK_END, address(task), value: CORONER_OUTCOME_CANCELLED.rawValue)
  }
  thread.pointee.task = outer
  return result
}

private func created(_ task: Object, _ name: Object?, _ coroutine: Object?) {
  record(
    CORONER_TASK_CREATE, address(task), name == nil ? defaultNames : 0, site: currentStack(),
    value: functionSite(coroutine))
  if let name { recordName(task, name) }
}

/// The value of an interned key in a dict (borrowed).
@inline(__always)
private func item(_ dict: Object, _ key: Object?) -> Object? {
  let found = PyDict_GetItemWithError(dict, key)
  if found == nil { PyErr_Clear() }
  return found
}

/// The first line of a coroutine's function, 0 if it is not known.
func functionSite(_ coroutine: Object?) -> UInt32 {
  guard let coroutine else { return 0 }
  if readsStacks, typeOf(Raw(coroutine)) == coroutineType,
    let (frame, _) = suspendedFrame(Raw(coroutine))
  {
    return siteID(frame.code, -1)
  }
  var code = attribute(coroutine, "cr_code")
  if code == nil { code = attribute(coroutine, "gi_code") }
  guard let code else { return 0 }
  defer { Py_DecRef(code) }
  return isCode(code) ? siteID(Raw(code), -1) : 0
}

func recordName(_ of: Object, _ name: Object) {
  guard let text = PyObject_Str(name) else {
    PyErr_Clear()
    return
  }
  let id = defineText(text)
  if id != 0 { record(CORONER_NAME, address(of), value: id) }
  Py_DecRef(text)
}

private let setNameHook: MethodFunction = { task, name, a, b, c in
  let result = originalSetName!(task, name, a, b, c)
  if result != nil, isHere(), let task, let name { recordName(task, object(name)) }
  return result
}

private let cancelHook: MethodFunction = { task, a, b, c, d in
  if isHere(), let task, let state = getState!(task) {
    if state == pending {
      record(CORONER_TASK_CANCEL, address(task), site: currentStack())
      noteAsked(task)
    }
    Py_DecRef(state)
  }
  return originalCancel!(task, a, b, c, d)
}

// MARK: As a snapshot finds it

/// What a task that is not done stands at.
struct TaskStand {
  /// The future that it waits for (borrowed); nothing if it can go on.
  var future: Raw?
  /// The primitive that it waits for, 0 if none is known.
  var resource: UInt64
}

/// Nothing if it is done.
func stand(of task: Raw) -> TaskStand? {
  guard isPending(task) else { return nil }
  var stand = TaskStand(future: nil, resource: 0)
  guard let waiter = getWaiter?(object(task)) else { return stand }
  Py_DecRef(waiter)  // the task's own reference keeps it
  let kind = kind(of: typeOf(Raw(waiter)))
  guard kind == .future || kind == .task, isPending(Raw(waiter)) else { return stand }
  stand.future = Raw(waiter)
  guard let coroutine = coroutine(of: task) else { return stand }
  let stack = awaitStack(coroutine)
  if stack.frame >= 0 { stand.resource = resource(frames[Int(stack.frame)], slot: stack.slot) }
  return stand
}

private func isPending(_ future: Raw) -> Bool {
  guard let state = getState?(object(future)) else { return false }
  defer { Py_DecRef(state) }
  return state == pending
}

/// The coroutine that a task runs (borrowed).
func coroutine(of task: Raw) -> Raw? {
  guard let coroutine = getCoroutine?(object(task)) else { return nil }
  Py_DecRef(coroutine)
  return isNone(coroutine) ? nil : Raw(coroutine)
}
