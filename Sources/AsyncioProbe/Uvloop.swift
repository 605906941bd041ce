import CPythonABI

/// uvloop's loop. It is compiled by Cython, whose methods are builtin functions with a definition that can
/// be swapped; that it polls, and what for, is seen where its library calls epoll (`polling.c`).

nonisolated(unsafe) private var originalCallLater: MethodFunction! = nil
nonisolated(unsafe) private var originalWakeup: MethodFunction! = nil
nonisolated(unsafe) private var originalTrouble: MethodFunction! = nil
nonisolated(unsafe) private var originalAddSignal: MethodFunction! = nil
nonisolated(unsafe) private var originalRemoveSignal: MethodFunction! = nil
nonisolated(unsafe) private var originalCancelTimer: MethodFunction! = nil

/// Hooks Loop.call_later, .call_soon_threadsafe, .call_exception_handler, .add_signal_handler,
/// .remove_signal_handler and TimerHandle.cancel: all of them or none.
func installUvloop(_ functions: UnsafePointer<Object?>) -> Bool {
  guard originalCallLater == nil, let later = definition(functions[0], "call_later"),
    let wakeup = definition(functions[1], "call_soon_threadsafe"),
    let trouble = definition(functions[2], "call_exception_handler"),
    let addSignal = definition(functions[3], "add_signal_handler"),
    let removeSignal = definition(functions[4], "remove_signal_handler"),
    let cancel = definition(functions[5], "cancel"),
    let code = load(later, Offset.methodDefFunction), probe_hook_polling(code)
  else { return false }
  originalCallLater = swapDefinition(later, "call_later", callLaterHook)
  originalWakeup = swapDefinition(wakeup, "call_soon_threadsafe", wakeupHook)
  originalTrouble = swapDefinition(trouble, "call_exception_handler", troubleHook)
  originalAddSignal = swapDefinition(addSignal, "add_signal_handler", addSignalHook)
  originalRemoveSignal = swapDefinition(removeSignal, "remove_signal_handler", removeSignalHook)
  originalCancelTimer = swapDefinition(cancel, "cancel", cancelTimerHook)
  return true
}

/// The definition of a function that takes FASTCALL | KEYWORDS, if its name is as expected.
private func definition(_ function: Object?, _ name: StaticString) -> Raw? {
  guard let function, let found = load(Raw(function), Offset.builtinMethodDef),
    let text = load(found, 0), strcmp(text.assumingMemoryBound(to: CChar.self), cString(name)) == 0,
    found.load(fromByteOffset: 16, as: Int32.self) == 0x82
  else { return nil }
  return found
}

private let callLaterHook: MethodFunction = { loop, arguments, count, names, d in
  let timer = originalCallLater(loop, arguments, count, names, d)
  guard let timer, isHere() else { return timer }
  let values = arguments?.assumingMemoryBound(to: Object?.self)
  let positional = Int(bitPattern: count) & Int.max
  let delay = positional > 0 ? values?[0].flatMap(milliseconds) : nil
  preservingError {
    let reached = reach(values, positional) {
      record(CORONER_TIMER_ARM, address(timer), $0, value: delay ?? .max - 1)
    }
    if reached == 0 { record(CORONER_TIMER_ARM, address(timer), value: delay ?? .max - 1) }
  }
  return timer
}
private let cancelTimerHook: MethodFunction = { timer, a, b, c, d in
  if isHere() { record(CORONER_TIMER_CANCEL, address(timer)) }
  return originalCancelTimer(timer, a, b, c, d)
}
private let wakeupHook: MethodFunction = { loop, a, b, c, d in
  if isHere() { record(CORONER_LOOP_WAKEUP, address(loop), site: currentStack()) }
  return originalWakeup(loop, a, b, c, d)
}
private let troubleHook: MethodFunction = { loop, arguments, count, c, d in
  if isHere(), let loop, let arguments, Int(bitPattern: count) & Int.max == 1,
    let context = arguments.assumingMemoryBound(to: Object?.self)[0]
  {
    preservingError { recordTrouble(of: loop, context) }
  }
  return originalTrouble(loop, arguments, count, c, d)
}
private let addSignalHook: MethodFunction = { loop, arguments, count, names, d in
  let result = originalAddSignal(loop, arguments, count, names, d)
  guard result != nil, isHere(), let arguments, Int(bitPattern: count) & Int.max > 1 else {
    return result
  }
  let values = arguments.assumingMemoryBound(to: Object?.self)
  let number = field(values[0])
  let reached = reach(values, Int(bitPattern: count) & Int.max) {
    record(CORONER_SIGNAL_HANDLER, number, $0, value: 1)
  }
  if reached == 0 { record(CORONER_SIGNAL_HANDLER, number, value: 1) }
  return result
}
private let removeSignalHook: MethodFunction = { loop, arguments, count, c, d in
  let result = originalRemoveSignal(loop, arguments, count, c, d)
  if result != nil, isHere(), let arguments, Int(bitPattern: count) & Int.max == 1 {
    record(CORONER_SIGNAL_HANDLER, field(arguments.load(as: Object?.self)))
  }
  return result
}

/// As `reach`, for the arguments of a call: something, a callback, its arguments.
private func reach(
  _ values: UnsafeMutablePointer<Object?>?, _ count: Int, _ found: (UInt64) -> Void
) -> Int {
  guard let values, count > 1, let callback = values[1] else { return 0 }
  guard let arguments = PyTuple_New(count - 2) else {
    PyErr_Clear()
    return 0
  }
  defer { Py_DecRef(arguments) }
  for index in 2..<max(count, 2) {
    Py_IncRef(values[index])
    _ = PyTuple_SetItem(arguments, index - 2, values[index])
  }
  return reach(Raw(callback), Raw(arguments), found)
}
