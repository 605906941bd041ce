package import TraceFormat

/// The state of the observed process at an instant of the trace: every party and resource, by replay.
///
/// Feed it events in order; it never throws, for what an event refers to may have been lost.
package struct World: Sendable {
  package internal(set) var parties: [PartyRecord] = []
  package internal(set) var resources: [ResourceRecord] = []
  package internal(set) var threads = ThreadTable()
  /// The place of the latest event's thread.
  var here = 0
  /// Parties and tasks that there ever were.
  package internal(set) var partyCount: UInt64 = 0
  var resourceCount: UInt64 = 0
  package internal(set) var taskCount = 0
  package internal(set) var timers: [UInt64: TimerState] = [:]
  /// As many timers are kept before those that are over are let go of.
  var timerLimit = 64
  package internal(set) var descriptors = WatchedDescriptors()
  /// Resources that stand for connections at which threads wait, by their descriptors.
  var connections: [UInt64: Int] = [:]
  /// Resources that stand for child processes, by their numbers.
  package internal(set) var processes: [UInt64: Int] = [:]
  package internal(set) var signalHandlers: [UInt64: [Entity]] = [:]
  package internal(set) var unknownSignalHandlers: Set<UInt64> = []
  package internal(set) var now = TraceInstant.start
  /// Since when all events are known, if earlier ones were given up: of what is older some of the past is not.
  package var keptFrom: TraceInstant?
  /// Whether all habits before that are known nevertheless.
  package internal(set) var knowsHabits = false
  /// The kernel's number of the process, which is that of its main thread.
  package var process: UInt64 = 0
  package internal(set) var eventCount: UInt64 = 0
  package internal(set) var lostEvents: UInt64 = 0
  /// As many events must be missing besides, by what came after them.
  package internal(set) var unseenEvents = 0
  package internal(set) var incidents = Incidents()
  /// Tasks asked to end while they waited, oldest first.
  package internal(set) var interruptions: [Interruption] = []
  /// By the place where things were made.
  var habits = HabitTable()
  /// Places where things were made that have been given back by those that had taken them.
  var returning: Set<UInt64> = []
  /// Places where a lock was taken that the same function gave back.
  var pairing: Set<UInt32> = []
  /// Where each thread stood when it was looked at last, by tid: that comes first in a snapshot, so that it
  /// counts even if that was not completed.
  package internal(set) var stands: [UInt64: (time: TraceInstant, site: StackID?)] = [:]
  /// The latest snapshot that is complete.
  package internal(set) var snapshot: Snapshot?
  /// The one that is being recorded.
  var taking: Snapshot?

  /// The live party or resource behind a number.
  var living = LivingTable()
  /// What stands for all futures and tasks that were done and have been let go of: a future, resolved.
  var forgotten: Int?
  /// As many parties and resources are kept before those that nothing refers to any more are let go of.
  var collectionLimit = World.leastCollection
  var functions: FunctionTable
  /// Jobs that have not ended. A job's number is that of its concurrent future.
  package internal(set) var jobs: [UInt64: Int] = [:]
  /// Jobs that may begin only when others have ended, by the numbers of those, and the other way round.
  var dependentJobs: [UInt64: [UInt64]] = [:]
  var awaitedJobs: [UInt64: Set<UInt64>] = [:]
  /// The task that the main thread created first.
  var firstTask: Int?
  package let definitions: Definitions
  /// A trace of a few thousand things is kept as a whole.
  static let leastCollection = 16_384
  /// So many times what was left there may be before it is looked through again.
  static let growth = 3

  package init(definitions: Definitions) {
    self.definitions = definitions
    functions = FunctionTable(definitions: definitions)
  }

  /// The thread slots in order.
  package var threadSlots: [ThreadSlot] { threads.keys.sorted() }

  /// Whether the wait of a party is over although the party has not run yet.
  package func isWoken(_ wait: Wait) -> Bool {
    guard let future = wait.future else { return false }
    return isDone(future)
  }

  /// Whether a wait was ended by another thread while the loop slept, and nobody woke the loop: its
  /// callbacks are ready, and it does not know.
  package func isUnheard(_ wait: Wait, on slot: ThreadSlot) -> Bool {
    guard case .resource(let future)? = wait.future, let done = resources[future].done?.by,
      let loop = threads[slot]?.loops.last, !loop.isSet, let idle = loop.idle, idle.limit == nil
    else { return false }
    return parties[done.party].thread != slot && idle.since <= done.time && loop.woken < done.time
  }

  /// When a party ended, or a resource was resolved; nothing if it is not done.
  package func doneTime(_ entity: Entity) -> TraceInstant? {
    switch entity {
    case .party(let index): if case .ended(_, let at) = parties[index].state { at } else { nil }
    case .resource(let index): resources[index].done?.by.time
    }
  }

  package func isDone(_ entity: Entity) -> Bool {
    switch entity {
    case .party(let index): parties[index].isEnded
    case .resource(let index): resources[index].isDone
    }
  }

  /// The task that the program's main thread made first, if executors run it: what the program is about.
  package var mainTask: Int? {
    firstTask.flatMap { parties[$0].isScheduled && !parties[$0].isEnded ? $0 : nil }
  }

  /// The main thread, if it has recorded anything.
  package var mainThread: ThreadSlot? {
    threads.keys.filter { definitions.threads[$0]?.tid == process }.min()
  }

  /// The thread on which a loop runs now.
  package func thread(ofLoop number: UInt64) -> ThreadSlot? { threads(ofLoop: number).first }

  /// The threads that rest at a set of descriptors may be several.
  package func threads(ofLoop number: UInt64) -> [ThreadSlot] {
    threads.states.indices.filter { place in
      threads.states[place].loops.contains { $0.number == number }
    }.map { threads.slots[$0] }.sorted()
  }

  package mutating func advance(to instant: TraceInstant) { now = max(now, instant) }
}

extension World {
  /// The party that a number names at this instant.
  package func livingParty(_ number: UInt64) -> Int? { party(number) }
  /// Whether a wait-begin event has said what the task's next suspension waits for.
  package func hasAnnounced(_ task: Int) -> Bool { parties[task].announced != nil }
  /// Where the party is now that was the one of this serial number; nothing if it has been let go of.
  package func party(serial: UInt64) -> Int? {
    Self.search(parties.count, for: serial) { parties[$0].serial }
  }
  package func resource(serial: UInt64) -> Int? {
    Self.search(resources.count, for: serial) { resources[$0].serial }
  }

  /// They stay in the order in which they were made.
  private static func search(_ count: Int, for serial: UInt64, _ key: (Int) -> UInt64) -> Int? {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if key(middle) < serial { low = middle + 1 } else { high = middle }
    }
    return low < count && key(low) == serial ? low : nil
  }

  /// The resource that a number names at this instant.
  package func livingResource(_ number: UInt64) -> Int? { resource(number) }
}
