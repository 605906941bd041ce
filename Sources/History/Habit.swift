import TraceFormat

/// How things made at one place have been ended, filled or set so far, and by whom.
package struct Habit: Sendable {
  package var count = 0
  package var last: Occurrence
  /// Those that did it; of the callbacks of a loop its thread.
  package internal(set) var providers: Set<Int> = []
  /// Whether that was done each time before the one that had made the thing ended.
  package internal(set) var isWithinMaker = true
  /// More did it than are kept.
  package internal(set) var isCrowded = false
  /// How often it may have been a timer's callback.
  package internal(set) var timerCount = 0

  /// As many that did the same are kept.
  static let limit = 64
}

/// A place where things of one kind are made: the innermost frame outside of the language's own library.
/// Who calls it makes no difference.
struct Origin: Hashable {
  let site: UInt32
  let kind: ResourceKind
}

extension World {
  /// How things made where this one was have been ended.
  package func habit(of resource: Int) -> Habit? {
    origin(of: resource).flatMap { habits[$0] }
  }

  func origin(of resource: Int) -> Origin? {
    guard let stack = resources[resource].created?.site,
      let frames = definitions.stacks[stack.number]
    else { return nil }
    let own = frames.first { definitions.site($0)?.ownership != .runtime } ?? frames.first
    return own.map { Origin(site: $0, kind: resources[resource].kind) }
  }

  /// Whether a permit has to be given back by the one that took it: such ones were so far, or it was taken
  /// for the time of a block of code. Other semaphores may count signals, which anybody may send.
  package func isReturned(_ take: Occurrence, to semaphore: Int) -> Bool {
    resources[semaphore].hasOwnRelease
      || origin(of: semaphore).map(returning.contains) ?? false
      || definitions.frames(take.site).contains {
        $0.ownership != .user
          && ($0.function.hasSuffix("__aenter__") || $0.function.hasSuffix("__enter__"))
      }
  }

  mutating func noteHabit(of resource: Int, _ by: Occurrence) {
    guard let origin = origin(of: resource) else { return }
    let isTimers = mayBeTimer(by)
    let maker = resources[resource].created.map { parties[$0.party] }
    let isAlone = maker?.isEnded ?? true
    habits[origin, default: Habit(last: by)].note(by, isTimers: isTimers, isAlone: isAlone)
  }

  /// Whether a callback ran at a time at which a timer of its loop was due.
  private func mayBeTimer(_ what: Occurrence) -> Bool {
    let party = parties[what.party]
    guard party.kind == .thread, let loop = threads[party.thread]?.loops.last else { return false }
    return loop.nextTimer.map { $0 <= what.time } ?? false
  }
}

extension Habit {
  fileprivate mutating func note(_ by: Occurrence, isTimers: Bool, isAlone: Bool) {
    count += 1
    if isAlone { isWithinMaker = false }
    last = by
    if isTimers { timerCount += 1 }
    if providers.count < Self.limit {
      providers.insert(by.party)
    } else if !providers.contains(by.party) {
      isCrowded = true
    }
  }
}
