import TraceFormat

/// How things made at one place have been ended, filled or set so far, and by whom.
package struct Habit: Sendable {
  package var count = 0
  package var last: Occurrence
  /// Those that did it; of the callbacks of a loop its thread.
  package internal(set) var providers = PartySet()
  /// Whether that was done each time before the one that had made the thing ended.
  package internal(set) var isWithinMaker = true
  /// Whether each time the one that had made the thing did it.
  package internal(set) var isByMaker = true
  /// More did it than are kept.
  package internal(set) var isCrowded = false
  /// How often it may have been a timer's callback.
  package internal(set) var timerCount = 0

  /// As many that did the same are kept.
  static let limit = 64
}

/// By the place where things of one kind are made: the innermost frame outside of the language's own library.
/// Who calls it makes no difference.
struct HabitTable: Sendable {
  var habits: [Habit] = []
  /// The habit of a place and kind.
  private var places = NumberTable()
  /// The place of a stack; 0 for none.
  private var origins = NumberTable()
  /// By stack: the habit of what was made there last. Mostly that is of one kind.
  private var latest: [Latest] = []

  private struct Latest {
    var kind: ResourceKind?
    var habit: UInt32 = 0
  }
  /// Stacks have small numbers, as a recorder gives them.
  private static let stackLimit = 1 << 18

  /// Nothing if the place is not known.
  func key(_ stack: StackID, _ kind: ResourceKind, _ definitions: Definitions) -> UInt64? {
    let site = origins[UInt64(stack.number)] ?? Self.origin(stack, definitions)
    return site == 0 ? nil : UInt64(site) << 8 | UInt64(kind.rawValue)
  }

  /// The place of a stack; 0 for none.
  static func origin(_ stack: StackID, _ definitions: Definitions) -> UInt32 {
    guard let frames = definitions.stacks[stack.number] else { return 0 }
    return frames.first { definitions.site($0)?.ownership != .runtime } ?? frames.first ?? 0
  }

  func habit(_ stack: StackID, _ kind: ResourceKind, _ definitions: Definitions) -> Habit? {
    key(stack, kind, definitions).flatMap { places[$0] }.map { habits[Int($0)] }
  }

  /// The place in `habits` of what was made there last, if it was of this kind.
  func known(_ stack: StackID, _ kind: ResourceKind) -> Int? {
    let number = Int(stack.number)
    guard number < latest.count, latest[number].kind?.rawValue == kind.rawValue else { return nil }
    return Int(latest[number].habit)
  }

  /// The place of a habit in `habits`, a new one if need be.
  mutating func find(
    _ stack: StackID, _ kind: ResourceKind, _ by: Occurrence, _ definitions: Definitions
  ) -> Int? {
    if origins[UInt64(stack.number)] == nil {
      origins[UInt64(stack.number)] = Self.origin(stack, definitions)
    }
    guard let key = key(stack, kind, definitions) else { return nil }
    let place = places[key] ?? UInt32(habits.count)
    if place == habits.count {
      places[key] = place
      habits.append(Habit(last: by))
    }
    let number = Int(stack.number)
    if number < Self.stackLimit {
      let missing = number + 1 - latest.count
      if missing > 0 {
        latest += Array(repeating: Latest(), count: max(missing, latest.count))
      }
      latest[number] = Latest(kind: kind, habit: place)
    }
    return Int(place)
  }
}

extension World {
  /// How things made where this one was have been ended.
  package func habit(of resource: Int) -> Habit? {
    resources[resource].created?.site.flatMap {
      habits.habit($0, resources[resource].kind, definitions)
    }
  }

  /// The place where a resource was made, with its kind.
  func origin(of resource: Int) -> UInt64? {
    resources[resource].created?.site.flatMap {
      habits.key($0, resources[resource].kind, definitions)
    }
  }

  /// Whether a permit has to be given back by the one that took it: such ones were so far, or it was taken
  /// for the time of a block of code. Other semaphores may count signals, which anybody may send.
  package func isReturned(_ take: Occurrence, to semaphore: Int) -> Bool {
    resources[semaphore].hasOwnRelease
      || origin(of: semaphore).map(returning.contains) ?? false
      || definitions.frames(take.site).contains(where: \.isEntry)
  }

  mutating func noteHabit(of resource: Int, _ by: Occurrence) {
    guard let created = resources[resource].created, let stack = created.site else { return }
    let kind = resources[resource].kind
    guard
      let place = habits.known(stack, kind) ?? habits.find(stack, kind, by, definitions)
    else { return }
    // A callback that ran at a time at which a timer of its loop was due may be that timer's.
    var isTimers = false
    if case .thread = parties[by.party].kind {
      isTimers = threads.isTimerDue(on: parties[by.party].thread, by: by.time)
    }
    let isAlone = parties[created.party].isEnded
    habits.habits[place].note(
      by, isMaker: by.party == created.party, isTimers: isTimers, isAlone: isAlone)
  }
}

extension World {
  /// What a key frame says of a habit: what the party that acts has done.
  mutating func applyHabit(_ event: Event, by actor: Int) {
    let (crowded, others, alone, watched): (UInt64, UInt64, UInt64, UInt64) = (1, 2, 4, 8)
    guard let stack = StackID(UInt32(truncatingIfNeeded: event.subject)) else {
      knowsHabits = true
      return
    }
    let what = occurrence(event, by: actor)
    guard let kind = ResourceKind(rawValue: event.value),
      let place = habits.find(stack, kind, what, definitions)
    else { return }
    let flags = event.object >> 56
    habits.habits[place].note(
      what, isMaker: flags & others == 0, isTimers: false, isAlone: flags & alone != 0)
    habits.habits[place].count += Int(event.object & 0xffff_ffff) - 1
    habits.habits[place].timerCount += Int(event.object >> 32 & 0xff_ffff)
    if flags & crowded != 0 { habits.habits[place].isCrowded = true }
    if flags & watched != 0 { parties[actor].isAwaited = true }
  }
}

extension ThreadTable {
  /// Whether a timer of the thread's loop was due by then.
  fileprivate func isTimerDue(on slot: ThreadSlot, by time: TraceInstant) -> Bool {
    guard let place = place(of: slot) else { return false }
    return states[place].loops.last?.nextTimer.map { $0 <= time } ?? false
  }
}

extension Habit {
  fileprivate mutating func note(_ by: Occurrence, isMaker: Bool, isTimers: Bool, isAlone: Bool) {
    count += 1
    if !isMaker { isByMaker = false }
    if isAlone { isWithinMaker = false }
    last = by
    if isTimers { timerCount += 1 }
    if providers.count < Self.limit {
      providers.insert(by.party)
    } else if !isCrowded, !providers.contains(by.party) {
      isCrowded = true
    }
  }
}
