import History
import TraceFormat

/// Whether tasks know what happened at an instant, and left it at that.
///
/// One that pauses may not know yet: it has to have come back to where it waited then. One that since
/// pauses where it never has, or waits for a connection or a process, may be about to mend it. The trace is
/// replayed once more for this, so that nothing has to keep where each task has been. Where it has been given up, a
/// round that is in the trace stands for that: what a task did in it, it does as ever.
struct Rounds {
  private var places: [Int: StackID?] = [:]
  private var pauses: [Int: Set<StackID?>] = [:]
  private var returned: Set<Int> = []
  private var mending: Set<Int> = []
  /// Those of which a round is known.
  private var rounded: Set<Int> = []
  private let isGivenUp: Bool

  init(
    of tasks: Set<Int>, since instant: TraceInstant, in world: World, _ trace: any EventSource,
    until: TraceInstant?
  ) throws {
    isGivenUp = world.keptFrom.map { instant < $0 } ?? false
    var replay = World(definitions: trace.definitions)
    replay.process = world.process
    // Indices change while a trace is replayed, serial numbers do not.
    var known: [UInt64: Int] = [:]
    for task in tasks { known[world.parties[task].serial] = task }
    _ = try trace.forEachEvent { event in
      if let until, event.time > until { return }
      let suspending: Int?
      switch event.kind {
      case .taskWait, .taskWaitOwn: suspending = replay.threads[event.thread]?.actor
      case .taskSuspend: suspending = replay.livingParty(event.subject)
      default: suspending = nil
      }
      let serial = suspending.map { replay.parties[$0].serial }
      replay.apply(event)
      guard let serial, let task = known[serial],
        let wait = replay.party(serial: serial).flatMap({ replay.parties[$0].lastWait }),
        wait.since == event.time
      else { return }
      note(wait, of: task, isLater: event.time >= instant)
    }
  }

  private mutating func note(_ wait: Wait, of task: Int, isLater: Bool) {
    let operation = wait.primitive?.operation
    if isLater, !isGivenUp || rounded.contains(task) {
      if places[task] == wait.site { returned.insert(task) }
      switch operation {
      case .connect, .process: mending.insert(task)
      case .sleep: if !pauses[task, default: []].contains(wait.site) { mending.insert(task) }
      default: break
      }
    } else {
      if isLater, places[task] == wait.site { rounded.insert(task) }
      if !isLater || places[task] == nil { places[task] = wait.site }
      if operation == .sleep { pauses[task, default: []].insert(wait.site) }
    }
  }

  func isComplete(_ task: Int) -> Bool { returned.contains(task) && !mending.contains(task) }
}
