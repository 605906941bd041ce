import CPythonABI

/// What the watchdog records of a process in which little or nothing moves: where its threads stand, and
/// who can reach what is waited for. All of it happens with the GIL held, so nothing changes meanwhile;
/// no code of the program runs, and no object is made that the collector would have to know.

nonisolated(unsafe) private var number: UInt64 = 0
/// On the clock of this thread's own time, and on that of the world.
nonisolated(unsafe) private var ownDeadline: UInt64 = 0
nonisolated(unsafe) private var deadline: UInt64 = 0
/// On a busy machine a snapshot may last so many times longer than it works.
private let patience: UInt64 = 4
nonisolated(unsafe) private var steps: UInt32 = 0
/// Whether the time for this snapshot is over.
nonisolated(unsafe) private(set) var isLate = false

/// Called between steps of a snapshot: looks at the clocks now and then.
@inline(__always)
func outOfTime() -> Bool {
  steps &+= 1
  if steps & 0x7f == 0, probe_own_ns() > ownDeadline || probe_monotonic_ns() > deadline {
    isLate = true
  }
  return isLate
}

/// Called by the watchdog's thread with the GIL held; whether the snapshot is complete.
let snapshot: @convention(c) (UInt32, UInt64, UInt64) -> Bool = { reason, still, budget in
  guard readsStacks else { return true }
  number &+= 1
  ownDeadline = probe_own_ns() &+ budget &* 1_000_000
  deadline = probe_monotonic_ns() &+ budget &* patience &* 1_000_000
  isLate = false
  let threads = standingThreads()
  defer { threads.free() }
  let why = threads.isExiting && reason == CORONER_SNAPSHOT_STALL.rawValue
  record(
    CORONER_SNAPSHOT_BEGIN, number, still,
    value: why ? CORONER_SNAPSHOT_EXIT.rawValue : reason)
  threads.record()
  var looked: UInt64 = 0
  let isComplete = Reachability.recordReferrers(threads, looked: &looked)
  record(CORONER_SNAPSHOT_END, number, looked, value: isComplete ? 0 : 1)
  return isComplete || !isLate
}
