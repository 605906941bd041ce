package import TraceFormat

/// A wake-up that went to a task which was asked to end before it could run.
package struct WastedWakeup: Sendable {
  package var task: Int
  package var woken: Occurrence
  package var asked: Occurrence
}

/// What has been done with a resource that is more than a future.
///
/// A class, for a record would be copied with all of this where only a part of it is read. Records that are copies
/// share it until one of them changes.
final class ResourceUse: @unchecked Sendable {
  var name: String?
  /// What a group waits for, and how much of it.
  var members: [Entity] = []
  var dependency: Dependency = .all
  /// What a thread's, or an executor's, thread is.
  var thread: ThreadSlot?
  /// Takes that were not given back; of a queue, items taken and not put back, as far as is kept.
  var takes: [Occurrence] = []
  /// Items put back by those that had taken one, and items taken at all.
  var returnCount: UInt64 = 0
  var getCount: UInt64 = 0
  /// Items put after the first take by those that had taken none.
  var lateCount: UInt64 = 0
  /// Somebody had to wait to put: what was lent has room to come back.
  var hasBlockedPut = false
  /// The function that made the queue filled it before anybody took an item.
  var isFilledByMaker = false
  /// When the last way to resolve a future went.
  var lost: Occurrence?
  /// The latest release.
  var released: Occurrence?
  /// Somebody released what somebody else had taken: permits are signals here.
  var hasForeignRelease = false
  /// Somebody gave back what it had taken itself.
  var hasOwnRelease = false
  var isSet = false
  var cleared: Occurrence?
  /// The latest set of an event or notify of a condition.
  var signalled: Occurrence?
  var signalledWaiters: UInt32 = 0
  /// Who notified a condition while it had its lock, and the functions in which it is waited for.
  var notifier: Int?
  var waitFunctions: [Int] = []
  /// A task that was woken here and then cancelled, so that its wake-up was lost.
  var wastedOn: Int?
  var wasted: WastedWakeup?
  var items: UInt32 = 0
  var unfinished: UInt32 = 0
  var taskDoneCount: UInt64 = 0
  var lastPut: Occurrence?
  var lastGot: Occurrence?
  var lastTaskDone: Occurrence?
  /// Who has provided before: put, released, set, notified, resolved.
  var providers = PartySet()
  /// Who has taken before: got, acquired.
  var takers = PartySet()
  /// When it was said last what of a group is waited for: what ended before does not count for that.
  var asked: TraceInstant?
  var keptMembers = 0
  /// The loop that work for a concurrent future was submitted to from a thread.
  var submittedTo: UInt64?

  init() {}

  init(copying other: ResourceUse) {
    name = other.name
    members = other.members
    dependency = other.dependency
    thread = other.thread
    takes = other.takes
    returnCount = other.returnCount
    getCount = other.getCount
    lateCount = other.lateCount
    hasBlockedPut = other.hasBlockedPut
    isFilledByMaker = other.isFilledByMaker
    lost = other.lost
    released = other.released
    hasForeignRelease = other.hasForeignRelease
    hasOwnRelease = other.hasOwnRelease
    isSet = other.isSet
    cleared = other.cleared
    signalled = other.signalled
    signalledWaiters = other.signalledWaiters
    notifier = other.notifier
    waitFunctions = other.waitFunctions
    wastedOn = other.wastedOn
    wasted = other.wasted
    items = other.items
    unfinished = other.unfinished
    taskDoneCount = other.taskDoneCount
    lastPut = other.lastPut
    lastGot = other.lastGot
    lastTaskDone = other.lastTaskDone
    providers = other.providers
    takers = other.takers
    asked = other.asked
    keptMembers = other.keptMembers
    submittedTo = other.submittedTo
  }

  /// As nothing has been done. Never changed.
  static let none = ResourceUse()

  /// What is put so much more often than put back was not lent.
  private static let certain: UInt64 = 256

  /// Whether it will never be found to be a pool, whatever comes.
  var isNoPool: Bool {
    taskDoneCount > 0 || hasBlockedPut || lateCount > returnCount &+ Self.certain
  }
}

extension ResourceRecord {
  /// Takes that were not given back, oldest first. Of a queue or condition, only if it is used as a pool; nobody holds
  /// a signal.
  package var holds: [Occurrence] {
    switch kind {
    case .queue, .condition: isPool ? use.takes : []
    case .semaphore: countsSignals ? [] : use.takes
    default: use.takes
    }
  }
  package var returnCount: UInt64 { use.returnCount }
  package var getCount: UInt64 { use.getCount }
  package var lost: Occurrence? { use.lost }
  package var released: Occurrence? { use.released }
  package var hasForeignRelease: Bool { use.hasForeignRelease }
  package var hasOwnRelease: Bool { use.hasOwnRelease }
  package var isSet: Bool { use.isSet }
  package var cleared: Occurrence? { use.cleared }
  package var signalled: Occurrence? { use.signalled }
  package var signalledWaiters: UInt32 { use.signalledWaiters }
  package var wastedOn: Int? { use.wastedOn }
  package var wasted: WastedWakeup? { use.wasted }
  package var items: UInt32 { use.items }
  package var unfinished: UInt32 { use.unfinished }
  package var taskDoneCount: UInt64 { use.taskDoneCount }
  package var lastPut: Occurrence? { use.lastPut }
  package var lastGot: Occurrence? { use.lastGot }
  package var lastTaskDone: Occurrence? { use.lastTaskDone }
  package var providers: PartySet { use.providers }
  package var takers: PartySet { use.takers }
  package var asked: TraceInstant? { use.asked }
  package var submittedTo: UInt64? { use.submittedTo }
}
