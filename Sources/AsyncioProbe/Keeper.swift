import CPythonABI

/// A thread that keeps the interpreter to itself in a call into C, while the thread of a loop waits for it. All
/// of this is looked at by the watchdog's thread without the GIL, before it asks for it.

/// Where a thread's state refers to the next one.
private let nextState: UInt = 8
/// Of more threads nothing is said.
private let stateLimit = 256
/// For so long it is looked who works, in ms, and so often if nobody does.
private let span: Int32 = 30
private let attempts = 3
/// Less work is none, in ns: who waits for the interpreter asks every 5 ms.
private let leastWork: UInt64 = 2_000_000

private struct Worker {
  var state: UInt
  var tid: UInt64
  var work: UInt64
}
/// For the watchdog's thread alone.
nonisolated(unsafe) private var workers: UnsafeMutablePointer<Worker>? = nil

/// The only thread of the interpreter that works, and stands at one place.
private func keeper() -> (tid: UInt64, stack: UInt32)? {
  if workers == nil {
    workers = calloc(stateLimit, MemoryLayout<Worker>.stride)?
      .assumingMemoryBound(to: Worker.self)
  }
  guard let workers, let count = list(into: workers), probe_watch_pause(span) else { return nil }
  var most = 0
  var sum: UInt64 = 0
  for index in 0..<count {
    let now = probe_work_of(workers[index].tid)
    workers[index].work = now > workers[index].work ? now - workers[index].work : 0
    sum += workers[index].work
    if workers[index].work > workers[most].work { most = index }
  }
  guard count > 0, workers[most].work >= leastWork, sum - workers[most].work < sum / 5,
    let state = Raw(bitPattern: workers[most].state)
  else { return nil }
  let stack = unheldStack(state)
  return stack == 0 ? nil : (workers[most].tid, stack)
}

/// Where the interpreter has its list of threads; 0 if that is not known.
nonisolated(unsafe) private var threadList: UInt = 0
/// The list is so far at most from the beginning of the interpreter's state, in words.
private let searchedWords = 4096

/// With the GIL held: without it the interpreter may be gone, and must not be asked.
func findThreadList() {
  guard threadList == 0, let interpreter = PyInterpreterState_Main(),
    let first = PyInterpreterState_ThreadHead(interpreter)
  else { return }
  let (start, head) = (UInt(bitPattern: interpreter), UInt(bitPattern: first))
  withUnsafeTemporaryAllocation(of: UInt.self, capacity: 64) { words in
    for chunk in stride(from: 0, to: searchedWords, by: 64) {
      let place = start + UInt(chunk * 8)
      guard probe_peek(place, words.baseAddress, 512) else { return }
      for index in 0..<64 where words[index] == head {
        threadList = place + UInt(index * 8)
        return
      }
    }
  }
}

/// The threads that the interpreter knows, with what they have worked so far.
private func list(into workers: UnsafeMutablePointer<Worker>) -> Int? {
  guard var next = word(threadList) else { return nil }
  var count = 0
  // What is read meanwhile may be of states that are gone, and lead round in a circle.
  for _ in 0..<stateLimit {
    if next == 0 { return count }
    let tid = probe_peek_tid(next)
    workers[count] = Worker(state: next, tid: tid, work: probe_work_of(tid))
    if tid != 0 { count += 1 }
    guard let following = word(next + nextState) else { return nil }
    next = following
  }
  return nil
}

/// Records which thread keeps a loop's from the interpreter; whether one does.
func recordKeeper(from watched: UnsafeMutablePointer<probe_watched>, _ milliseconds: UInt64) -> Bool
{
  for _ in 0..<attempts {
    guard let keeper = keeper() else { continue }
    if keeper.tid == UInt64(watched.pointee.tid) { return false }
    record(CORONER_STACK_SAMPLE, keeper.tid, milliseconds, site: keeper.stack)
    return true
  }
  return false
}
