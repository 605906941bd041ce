package import TraceFormat

/// What went wrong, and did not stop the program by itself: of each sort the first ones, enough to tell a habit
/// from an accident.
package struct Incidents: Sendable {
  package private(set) var neverAwaited: [(site: StackID?, function: Site?, at: TraceInstant)] = []
  /// Callbacks that raised an exception, the latest ones, oldest first.
  package private(set) var failedCallbacks: [(type: String, site: StackID?, at: TraceInstant)] = []
  /// Steps that the watchdog saw running for long.
  package private(set) var longSteps: [LongStep] = []
  /// Circles of waits that ended because one of their tasks was asked to end.
  package private(set) var brokenCycles: [BrokenCycle] = []
  /// Tasks that were collected while they waited.
  package private(set) var destroyed: [(task: Int, at: TraceInstant)] = []
  /// Tasks and futures whose exceptions nobody looked at.
  package private(set) var unretrieved: [(entity: Entity, at: TraceInstant)] = []

  private static let limit = 256
  private static let failureLimit = 16
  /// Different circles that are kept: the first ones show the habit.
  private static let cycleLimit = 16

  mutating func note(unretrieved entity: Entity, at time: TraceInstant) {
    if unretrieved.count < Self.limit { unretrieved.append((entity, time)) }
  }

  mutating func note(neverAwaited function: Site?, _ site: StackID?, at time: TraceInstant) {
    if neverAwaited.count < Self.limit { neverAwaited.append((site, function, time)) }
  }

  mutating func note(destroyed task: Int, at time: TraceInstant) {
    if destroyed.count < Self.limit { destroyed.append((task, time)) }
  }

  mutating func note(failure type: String, _ site: StackID?, at time: TraceInstant) {
    if failedCallbacks.count == Self.failureLimit { failedCallbacks.removeFirst() }
    failedCallbacks.append((type, site, time))
  }

  /// Samples of one step come at growing intervals: the latest says the most.
  mutating func note(_ step: LongStep) {
    if let last = longSteps.last, last.party == step.party, last.milliseconds < step.milliseconds,
      step.began.since(last.began) < 100_000_000
    {
      longSteps.removeLast()
    }
    if longSteps.count < Self.limit { longSteps.append(step) }
  }

  /// Asking a task may ask the one that it awaits in turn: that is one break.
  mutating func note(_ cycle: BrokenCycle) {
    func key(_ cycle: BrokenCycle) -> Set<StackID?> { Set(cycle.links.map(\.wait.site)) }
    guard let known = brokenCycles.firstIndex(where: { key($0) == key(cycle) }) else {
      if brokenCycles.count < Self.cycleLimit { brokenCycles.append(cycle) }
      return
    }
    if Set(cycle.links.map(\.party)) != Set(brokenCycles[known].links.map(\.party)) {
      brokenCycles[known].count += 1
    }
  }

  mutating func renumber(_ map: Renumbering) {
    for index in longSteps.indices { longSteps[index].party = map.party(longSteps[index].party) }
    for index in brokenCycles.indices { brokenCycles[index].renumber(map) }
    destroyed = destroyed.map { (map.party($0.task), $0.at) }
    unretrieved = unretrieved.map { (map.entity($0.entity), $0.at) }
  }
}

/// One step of a loop that the watchdog saw: who ran, from when, for how long at least, where.
package struct LongStep: Sendable {
  package var party: Int
  package var began: TraceInstant
  package var milliseconds: UInt64
  package var site: StackID?
}
