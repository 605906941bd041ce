import CPythonABI

/// The tasks that were asked to end last: whether they clean up, or go on as if nothing had happened, is
/// looked at by a snapshot. Guarded by the GIL.

private let askedLimit = 256
nonisolated(unsafe) private var asked: UnsafeMutablePointer<UInt64>! = nil
nonisolated(unsafe) private var askedCount = 0
/// False until the place of handled exceptions has been verified.
nonisolated(unsafe) var readsHandled = false

func noteAsked(_ task: Object) {
  if asked == nil {
    asked = calloc(askedLimit, MemoryLayout<UInt64>.stride)?.assumingMemoryBound(to: UInt64.self)
  }
  guard asked != nil else { return }
  asked[askedCount % askedLimit] = address(task)
  askedCount &+= 1
}

/// Records of a task that was asked to end and waits that it handles no exception, if that is so.
func recordUnhandled(_ task: Raw, _ coroutine: Raw) {
  guard readsHandled, wasAsked(address(task)), handledException(of: coroutine) == nil else {
    return
  }
  record(CORONER_TASK_STACK, address(task), value: CORONER_TASK_HANDLES_NOTHING.rawValue)
}

private func wasAsked(_ task: UInt64) -> Bool {
  for index in 0..<min(askedCount, askedLimit) where asked[index] == task { return true }
  return false
}
