import CPythonABI

/// A thread that keeps the interpreter to itself in a call into C, while the thread of a loop waits for it. All
/// of this is looked at by the watchdog's thread without the GIL, before it asks for it.

/// Where a thread's state refers to the next one.
private let nextState: UInt = 8
/// Who waits for the interpreter asks every 5 ms, for which it needs a processor for a moment.
private let attempts = 4
/// Of more threads nothing is said.
private let stateLimit = 256

/// The only thread of the interpreter, besides a loop's, that has a processor and stands at one place: where the
/// loop's thread wants the interpreter and does not work itself, that one has it.
private func keeper(besides loop: UInt64) -> (tid: UInt64, stack: UInt32)? {
  if probe_has_processor(loop) { return nil }
  var found: (tid: UInt64, state: UInt)?
  var next = UInt(bitPattern: PyInterpreterState_ThreadHead(PyInterpreterState_Main()))
  var left = stateLimit
  while next != 0 {
    if left == 0 { return nil }
    left -= 1
    let tid = probe_peek_tid(next)
    if tid != 0, tid != loop, probe_has_processor(tid) {
      if found != nil { return nil }
      found = (tid, next)
    }
    guard let following = word(next + nextState) else { return nil }
    next = following
  }
  guard let found, let state = Raw(bitPattern: found.state) else { return nil }
  let stack = unheldStack(state)
  guard stack != 0, probe_has_processor(found.tid), !probe_has_processor(loop) else { return nil }
  return (found.tid, stack)
}

/// Records which thread keeps a loop's from the interpreter; whether one does.
func recordKeeper(from watched: UnsafeMutablePointer<probe_watched>, _ milliseconds: UInt64) -> Bool
{
  for attempt in 0..<attempts {
    if attempt > 0 { probe_pause(7) }
    if let keeper = keeper(besides: UInt64(watched.pointee.tid)) {
      record(CORONER_STACK_SAMPLE, keeper.tid, milliseconds, site: keeper.stack)
      return true
    }
  }
  return false
}
