package import TraceFormat

extension ResourceKind {
  /// Without a call, as comparing two of them would be.
  var isFuture: Bool { if case .future = self { true } else { false } }
}

/// One life of a resource, as far as the trace has been replayed.
///
/// Most are futures, which are made, awaited and resolved; what else is done with a resource is kept apart.
package struct ResourceRecord: Sendable {
  package var number: UInt64
  package var kind: ResourceKind
  /// It is older than the first events that are all there: not all that was done with it is known.
  package internal(set) var isOlder = false
  /// Whether somebody has waited for it.
  package internal(set) var isAwaited = false
  /// How a future ended, and by whom.
  private var outcome: Outcome?
  /// A semaphore that began with no permit.
  var beganEmpty: Bool
  private var isCreated: Bool
  private var partIndex = PackedIndex(nil)
  private var ownerIndex = PackedIndex(nil)
  private var ender: Occurrence
  private var maker: Occurrence
  /// How many resources were made before it.
  package internal(set) var serial: UInt64 = 0
  /// Permits, queue size or parties of a barrier; what the create event said.
  package var capacity: UInt64
  private var ownUse: ResourceUse?

  package init(kind: ResourceKind, number: UInt64, capacity: UInt64, created: Occurrence?) {
    self.kind = kind
    self.number = number
    self.capacity = capacity
    beganEmpty = kind == .semaphore && capacity == 0 && created != nil
    isCreated = created != nil
    maker = created ?? .none
    ender = .none
  }

  package var created: Occurrence? {
    get { isCreated ? maker : nil }
    set {
      isCreated = newValue != nil
      maker = newValue ?? .none
    }
  }
  package var done: (outcome: Outcome, by: Occurrence)? {
    get { outcome.map { ($0, ender) } }
    set {
      outcome = newValue?.outcome
      ender = newValue?.by ?? .none
    }
  }
  package var isDone: Bool { outcome != nil }

  /// Somebody waits for it from now on.
  mutating func noteWait(at site: StackID?) {
    isAwaited = true
    if isCreated, maker.site == nil { maker.site = site }
  }

  /// What a resource made for itself: a condition its lock, a queue its event; and the other way round.
  package var part: Int? {
    get { partIndex.index }
    set { partIndex.index = newValue }
  }
  package var owner: Int? {
    get { ownerIndex.index }
    set { ownerIndex.index = newValue }
  }

  /// What has been done with it, to be read.
  var use: ResourceUse { ownUse ?? .none }

  var isUsed: Bool { ownUse != nil }

  /// What has been done with it, to be changed: do not ask again for it before it has been.
  mutating func changeUse() -> ResourceUse {
    if ownUse == nil {
      ownUse = ResourceUse()
    } else if !isKnownUniquelyReferenced(&ownUse) {
      ownUse = ResourceUse(copying: ownUse!)
    }
    return ownUse!
  }

  /// Whether a queue is used as a pool: those that take an item put it back. Of a condition the same. A queue
  /// that only one takes from is its list of work, unless its maker filled it.
  package var isPool: Bool {
    let use = use
    guard kind == .queue || kind == .condition && !use.waitFunctions.isEmpty && !isOlder,
      use.taskDoneCount == 0, !use.hasBlockedPut, use.lateCount <= use.returnCount
    else {
      return false
    }
    let over = use.getCount - min(use.getCount, UInt64(use.takes.count))
    if use.isFilledByMaker { return true }
    if kind == .queue, use.takers.count < 2 { return false }
    return use.returnCount > 0 && 2 * use.returnCount >= over
  }

  /// Whether a semaphore passes on signals: it began with none, and who takes one does not give it back.
  package var countsSignals: Bool { kind == .semaphore && beganEmpty && !use.hasOwnRelease }

  package var name: String? {
    get { use.name }
    set { changeUse().name = newValue }
  }
  package var members: [Entity] { use.members }
  package var dependency: Dependency { use.dependency }
  /// The thread whose end a join of it waits for; of an executor, the one that it runs on alone.
  package var thread: ThreadSlot? {
    get { use.thread }
    set { changeUse().thread = newValue }
  }

  /// Whether it is the executor of the program's main thread, which goes by this name in a trace.
  package var isMainActor: Bool { kind == .actor && name == "MainActor" }

  /// Whether it is an executor whose work may overlap, but for what has to be alone there.
  package var isShared: Bool { kind == .actor && capacity > 0 }

  /// Whether it stands for a connection at which a thread waits.
  package var isConnection: Bool { kind == .stream && number >> 63 == 1 }

  /// Permits that are free, as counted from the events.
  package var freePermits: Int {
    switch kind {
    case .lock, .threadLock: holds.isEmpty ? 1 : 0
    case .semaphore: max(0, Int(clamping: capacity) - use.takes.count)
    case .future, .condition, .event, .barrier, .queue, .group, .stream, .executor,
      .concurrentFuture, .thread, .process, .actor:
      0
    }
  }
}
