import CPythonABI

nonisolated(unsafe) private var originalInit: InitFunction? = nil
nonisolated(unsafe) private var originalSetResult: MethodFunction? = nil
nonisolated(unsafe) private var originalSetException: MethodFunction? = nil
nonisolated(unsafe) private var originalCancel: MethodFunction? = nil

/// Hooks the creation and the resolution of C futures; a task's own result is not among them.
func installFutures(
  type: Raw, initializer: Raw, setResult: Raw, setException: Raw, cancel: Raw
) -> Bool {
  if originalInit != nil { return false }
  originalInit = swapInit(type, initializer, initHook)
  originalSetResult = swapMethod(setResult, "set_result", setResultHook)
  originalSetException = swapMethod(setException, "set_exception", setExceptionHook)
  originalCancel = swapMethod(cancel, "cancel", cancelHook)
  return originalInit != nil && originalSetResult != nil && originalSetException != nil
    && originalCancel != nil
}

private let initHook: InitFunction = { future, arguments, keywords in
  let result = originalInit!(future, arguments, keywords)
  if result == 0, let state = here() {
    let thread = probe_this_thread()!
    if isMadeToWait(state) {
      // The wait that follows at once says all of it.
      thread.pointee.fresh = address(future)
    } else {
      if thread.pointee.fresh == address(future) { thread.pointee.fresh = 0 }
      created(future, site: currentStack(state))
    }
  }
  return result
}

@inline(__always)
private func created(_ future: Object?, site: UInt32) {
  record(
    CORONER_RESOURCE_CREATE, address(future), site: site, value: CORONER_RESOURCE_FUTURE.rawValue)
}

@inline(__always)
private func done(_ future: Object?, _ outcome: coroner_outcome) {
  guard let state = here() else { return }
  let thread = probe_this_thread()!
  if thread.pointee.fresh == address(future) {
    // It is over before anybody waits on it.
    thread.pointee.fresh = 0
    created(future, site: 0)
  }
  record(CORONER_FUTURE_DONE, address(future), site: resolverStack(state), value: outcome.rawValue)
}

private let setResultHook: MethodFunction = { future, a, b, c, d in
  let result = originalSetResult!(future, a, b, c, d)
  if result != nil { done(future, CORONER_OUTCOME_VALUE) }
  return result
}

private let setExceptionHook: MethodFunction = { future, a, b, c, d in
  let result = originalSetException!(future, a, b, c, d)
  if result != nil { done(future, CORONER_OUTCOME_ERROR) }
  return result
}

private let cancelHook: MethodFunction = { future, a, b, c, d in
  let result = originalCancel!(future, a, b, c, d)
  if let result, PyObject_IsTrue(result) == 1 { done(future, CORONER_OUTCOME_CANCELLED) }
  return result
}
