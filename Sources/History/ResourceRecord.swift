package import TraceFormat

/// A wake-up that went to a task which was asked to end before it could run.
package struct WastedWakeup: Sendable {
  package var task: Int
  package var woken: Occurrence
  package var asked: Occurrence
}

/// One life of a resource, as far as the trace has been replayed.
package struct ResourceRecord: Sendable {
  package var kind: ResourceKind
  package var number: UInt64
  package var name: String?
  /// Permits, queue size or parties of a barrier; what the create event said.
  package var capacity: UInt64
  package var created: Occurrence?

  /// How a future ended.
  package var done: (outcome: Outcome, by: Occurrence)?
  /// Takes that were not given back, oldest first. Of a queue or condition, only if it is used as a pool.
  package var holds: [Occurrence] {
    (kind == .queue || kind == .condition) && !isPool ? [] : takes
  }
  /// Takes that were not given back; of a queue, items taken and not put back, as far as is kept.
  var takes: [Occurrence] = []
  /// Items put back by those that had taken one, and items taken at all.
  package var returnCount: UInt64 = 0
  package var getCount: UInt64 = 0
  /// Items put after the first take by those that had taken none.
  var lateCount: UInt64 = 0
  /// Somebody had to wait to put: what was lent has room to come back.
  var hasBlockedPut = false
  /// The function that made the queue filled it before anybody took an item.
  var isFilledByMaker = false
  /// The latest release.
  package var released: Occurrence?
  /// Somebody released what somebody else had taken: permits are signals here.
  package var hasForeignRelease = false
  /// Somebody gave back what it had taken itself.
  package internal(set) var hasOwnRelease = false
  package var isSet = false
  /// The latest set of an event or notify of a condition.
  package var signalled: Occurrence?
  package var signalledWaiters: UInt32 = 0
  /// Who notified a condition while it had its lock, and the functions in which it is waited for.
  var notifier: Int?
  var waitFunctions: [[String]] = []
  /// A task that was woken here and then cancelled, so that its wake-up was lost.
  package var wastedOn: Int?
  package var wasted: WastedWakeup?
  package var items: UInt32 = 0
  package var unfinished: UInt32 = 0
  package var taskDoneCount: UInt64 = 0
  package var lastPut: Occurrence?
  package var lastGot: Occurrence?
  package var lastTaskDone: Occurrence?
  /// Who has provided before: put, released, set, notified, resolved.
  package var providers: Set<Int> = []
  /// Who has taken before: got, acquired.
  package var takers: Set<Int> = []

  package var members: [Entity] = []
  /// Whether somebody has waited for it.
  package internal(set) var isAwaited = false
  package var dependency: Dependency = .all
  /// When it was said last what of a group is waited for: what ended before does not count for that.
  package var asked: TraceInstant?
  var keptMembers = 0
  /// The loop that work for a concurrent future was submitted to from a thread.
  package var submittedTo: UInt64?
  /// The thread whose end a join of it waits for; of an executor, the one that it runs on alone.
  package var thread: ThreadSlot?
  /// What a resource made for itself: a condition its lock, a queue its event; and the other way round.
  package var part: Int?
  package var owner: Int?

  package init(kind: ResourceKind, number: UInt64, capacity: UInt64, created: Occurrence?) {
    self.kind = kind
    self.number = number
    self.capacity = capacity
    self.created = created
  }

  /// Whether a queue is used as a pool: those that take an item put it back. Of a condition the same.
  package var isPool: Bool {
    guard kind == .queue || kind == .condition && !waitFunctions.isEmpty, taskDoneCount == 0,
      !hasBlockedPut, lateCount <= returnCount
    else {
      return false
    }
    let over = getCount - min(getCount, UInt64(takes.count))
    return isFilledByMaker || returnCount > 0 && 2 * returnCount >= over
  }

  /// Whether it is the executor of the program's main thread, which goes by this name in a trace.
  package var isMainActor: Bool { kind == .actor && name == "MainActor" }

  /// Whether it stands for a connection at which a thread waits.
  package var isConnection: Bool { kind == .stream && number >> 63 == 1 }

  /// Permits that are free, as counted from the events.
  package var freePermits: Int {
    switch kind {
    case .lock, .threadLock: holds.isEmpty ? 1 : 0
    case .semaphore: max(0, Int(clamping: capacity) - holds.count)
    case .future, .condition, .event, .barrier, .queue, .group, .stream, .executor,
      .concurrentFuture, .thread, .process, .actor:
      0
    }
  }
}
