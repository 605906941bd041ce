package import TraceFormat

extension World {
  mutating func createResource(_ event: Event, by actor: Int) {
    guard let kind = ResourceKind(rawValue: event.value) else { return }
    var new = ResourceRecord(
      kind: kind, number: event.subject, capacity: event.object,
      created: occurrence(event, by: actor))
    new.isOlder = keptFrom.map { event.time < $0 } ?? false
    let known = resource(event.subject)
    if let index = known, isUnseen(index), kind != resources[index].kind {
      // What is told only when somebody waits for it had been taken before.
      resources[index].kind = kind
      resources[index].capacity = event.object
      resources[index].created = new.created
    } else if let index = known, isJustMade(index), resources[index].kind == kind {
      // A class whose __new__ makes the object runs __init__ twice.
      let serial = resources[index].serial
      resources[index] = new
      resources[index].serial = serial
    } else {
      if known == nil { endFormerLife(of: event) }
      living[event.subject] = .resource(append(new))
    }
    if kind == .process { processes[event.object] = living[event.subject]?.resource }
    if kind == .concurrentFuture {
      threads.states[here].lastConcurrentFuture = resources.count - 1
    }
  }

  /// Whether it was taken for a lock, for want of any event that tells what it is.
  private func isUnseen(_ index: Int) -> Bool {
    resources[index].kind == .threadLock && resources[index].created == nil
      && (!resources[index].use.takes.isEmpty || resources[index].name != nil)
  }

  /// Whether nothing has been done with a resource, and nothing else been made but parts of it.
  private func isJustMade(_ index: Int) -> Bool {
    index >= resources.count - 3 && index != forgotten && resources[index].kind != .future
      && resources[index].use.takers.isEmpty && resources[index].use.providers.isEmpty
      && resources[index].members.isEmpty && !resources[index].isDone
  }

  mutating func finishFuture(_ event: Event, by actor: Int) {
    let future: Int
    switch living[event.subject] {
    // A task resolves itself at its end; the events of the task say that.
    case .party: return
    case .resource(let known): future = known
    case nil: future = resource(event.subject, orNew: .future)
    }
    guard !resources[future].isDone else { return }
    let outcome = Outcome(rawValue: event.value) ?? .value
    let what = occurrence(event, by: actor)
    resources[future].done = (outcome, what)
    if case .value = outcome { noteHabit(of: future, what) }
  }

  mutating func applyOperation(_ event: Event, by actor: Int) {
    let index = resource(event.subject, orNew: event.kind.resourceKind)
    checkQueue(index, event)
    let what = occurrence(event, by: actor)
    let use = resources[index].changeUse()
    switch event.kind {
    case .acquired: acquire(index, use, what, for: named(event) ?? actor)
    case .released: release(index, use, what, of: named(event) ?? actor)
    case .eventSet:
      use.isSet = true
      use.signalled = what
      use.providers.insert(actor)
      noteHabit(of: index, what)
    case .eventCleared:
      use.isSet = false
      use.cleared = what
    case .notified:
      use.signalled = what
      use.signalledWaiters = event.value
      use.notifier = actor
      wakeThreads(waitingOn: index, upTo: event.object)
      use.providers.insert(actor)
      noteHabit(of: index, what)
    case .queuePut:
      for _ in 0..<event.count { putBack(use, what) }
      use.items = event.value
      use.unfinished = use.unfinished.saturatingSum(event.count)
      use.lastPut = what
      use.providers.insert(actor)
      noteHabit(of: index, what)
    case .queueGot:
      for _ in 0..<event.count { takeItem(index, use, what) }
      use.items = event.value
      use.lastGot = what
      use.takers.insert(actor)
    case .queueTaskDone:
      use.unfinished = event.value
      use.taskDoneCount += UInt64(event.count)
      use.lastTaskDone = what
    default: use.providers.insert(actor)
    }
  }

  /// The party on whose behalf something is taken or given back, if the event names one.
  private func named(_ event: Event) -> Int? {
    event.object == 0 ? nil : party(event.object)
  }

  /// What was handed over to a party counts as taken where that party goes on, once it does.
  private mutating func acquire(
    _ index: Int, _ use: ResourceUse, _ what: Occurrence, for taker: Int
  ) {
    var hold = what
    if taker != what.party {
      hold.party = taker
      hold.handedBy = what.party
    } else if let handed = use.takes.lastIndex(where: {
      $0.party == taker && $0.handedBy != nil
    }) {
      use.takes.remove(at: handed)
    }
    use.takes.append(hold)
    use.takers.insert(taker)
    beginSection(index)
  }

  /// Gives back the party's own take, else that of a party that has ended, else the oldest.
  private mutating func release(
    _ index: Int, _ use: ResourceUse, _ what: Occurrence, of party: Int
  ) {
    use.released = what
    use.providers.insert(what.party)
    if let own = use.takes.lastIndex(where: { $0.party == party }) {
      if !use.hasOwnRelease {
        use.hasOwnRelease = true
        if let origin = origin(of: index) { returning.insert(origin) }
      }
      let taken = use.takes.remove(at: own)
      notePair(index, taken, what)
      endSection(index, taken)
      return
    }
    use.hasForeignRelease = true
    if resources[index].countsSignals { noteHabit(of: index, what) }
    if use.takes.isEmpty {
      // A lock of threads may have the number of a task's that is gone.
      if resources[index].kind == .lock, parties[party].kind == .task { unseenEvents += 1 }
      // More releases than takes: a semaphore used to count signals grows.
      resources[index].capacity = resources[index].capacity.saturatingSum(1)
      return
    }
    let ended = use.takes.firstIndex { parties[$0.party].isEnded }
    use.takes.remove(at: ended ?? 0)
  }

  private mutating func takeItem(_ index: Int, _ use: ResourceUse, _ what: Occurrence) {
    if use.getCount == 0, let made = resources[index].created, let put = use.lastPut,
      resources[index].capacity == 0 || UInt64(use.unfinished) == resources[index].capacity
    {
      use.isFilledByMaker =
        resources[index].capacity > 0 && made.party == put.party
        && functions.direct(made.site) == functions.direct(put.site)
    }
    addTake(use, what)
  }

  /// As many takes of a queue as are kept: pools are small.
  private static let takeLimit = 256

  func addTake(_ use: ResourceUse, _ what: Occurrence) {
    use.getCount += 1
    if use.isNoPool { return }
    if use.takes.count == Self.takeLimit { use.takes.removeFirst() }
    use.takes.append(what)
  }

  func putBack(_ use: ResourceUse, _ what: Occurrence) {
    if use.isNoPool {
      // Nobody asks any more who took what.
      if !use.takes.isEmpty { use.takes = [] }
      return
    }
    guard !use.takes.isEmpty else {
      if use.getCount > 0 { use.lateCount += 1 }
      return
    }
    if let own = use.takes.lastIndex(where: { $0.party == what.party }) {
      use.takes.remove(at: own)
    } else if use.isFilledByMaker {
      let ended = use.takes.firstIndex { parties[$0.party].isEnded }
      use.takes.remove(at: ended ?? 0)
      use.hasForeignRelease = true
    } else {
      use.lateCount += 1
      return
    }
    use.returnCount += 1
  }

  mutating func applyBlock(_ event: Event) {
    guard event.kind == .blockBegin, let operation = Operation(rawValue: event.value) else {
      let ended = resource(event.subject)
      let index =
        threads.states[here].blocks.lastIndex { $0.primitive?.resource == ended } ?? 0
      if index < threads.states[here].blocks.count {
        noteSignal(for: threads.states[here].blocks[index])
      }
      threads.states[here].blocks.removeSubrange(index...)
      return
    }
    let target = resource(event.subject, orNew: operation.blockedOn)
    var wait = Wait(
      future: nil, primitive: (target, operation), site: event.site, since: event.time)
    let limit = event.object.multipliedReportingOverflow(by: 1_000_000)
    if event.object != .max, !limit.overflow {
      wait.deadline = TraceInstant(
        nanoseconds: event.time.nanoseconds.saturatingSum(limit.partialValue))
    }
    threads.states[here].blocks.append(wait)
  }

  /// Who ended such a wait may do so again.
  private mutating func noteSignal(for wait: Wait) {
    guard let awaited = wait.primitive?.resource,
      let signal = resources[awaited].released ?? resources[awaited].signalled,
      signal.time >= wait.since, parties[signal.party].kind != .task
    else { return }
    functions.noteSignal(at: wait.site)
  }

  /// Whether a wait in the innermost function of this one has been ended by a thread, or by a job.
  package func hasBeenSignalled(like wait: Wait) -> Bool {
    functions.isSignalled(at: wait.site)
  }

  /// Somebody is about to wait for a lock of which the trace did not say who holds it.
  mutating func applyHeld(_ event: Event) {
    let lock = resource(event.subject, orNew: .threadLock)
    let isKnown = event.value != .max
    let taken =
      isKnown
      ? TraceInstant(
        nanoseconds: event.time.since(TraceInstant(nanoseconds: UInt64(event.value) * 1000)))
      : .start
    guard let holder = holder(named: event, takenAt: taken) else { return }
    // What was taken in a turn was not taken before it, whatever the coarse clock says.
    let since = isKnown ? max(taken, parties[holder].lastRun ?? taken) : .start
    let take = Occurrence(time: since, party: holder, site: event.site)
    // Where there may be several holders, each is told by itself.
    let use = resources[lock].changeUse()
    if resources[lock].kind != .semaphore && !resources[lock].isShared { use.takes = [] }
    use.takes.append(take)
    use.takers.insert(holder)
  }

  /// What a key frame says of a resource beyond the events in it.
  mutating func applyPast(_ event: Event) {
    let (foreign, overfed, own, empty): (UInt32, UInt32, UInt32, UInt32) = (1, 2, 4, 8)
    let index = resource(event.subject, orNew: .queue)
    let record = resources[index]
    let use = resources[index].changeUse()
    if event.value & foreign != 0 { use.hasForeignRelease = true }
    if event.value & own != 0 {
      use.hasOwnRelease = true
      if let origin = origin(of: index) { returning.insert(origin) }
    }
    if event.value & empty != 0 { resources[index].beganEmpty = true }
    guard record.kind == .queue else { return }
    use.getCount = event.object & 0xffff_ffff
    use.returnCount = event.object >> 32
    use.lateCount = event.value & overfed == 0 ? 0 : use.returnCount + 1
    if event.site != nil {
      use.isFilledByMaker =
        functions.direct(record.created?.site) == functions.direct(event.site)
    }
  }

  /// Who held something by then: a task that the event names, else what ran on the thread that it names.
  private mutating func holder(named event: Event, takenAt taken: TraceInstant) -> Int? {
    if let task = party(event.object), parties[task].kind == .task { return task }
    if event.object == 0 { return leftBehind(event) }
    guard let slot = thread(tid: event.object) else { return nil }
    let known = touch(slot, at: event.time)
    // Tasks and jobs tell what they hold when they leave their thread: so it runs there still.
    return threads[slot]?.running.last { (parties[$0].lastRun ?? .start) <= taken } ?? known
  }

  /// A thread that held something when the parent process forked: this one has only what it held.
  private mutating func leftBehind(_ event: Event) -> Int {
    var thread = PartyRecord(
      kind: .thread, number: 0, created: Occurrence(time: .start, party: parties.count, site: nil),
      thread: event.thread)
    thread.name = "a thread of the parent process"
    thread.state = .ended(.value, at: .start)
    thread.isLeftBehind = true
    return append(thread)
  }

  /// The latest thread with this number.
  package func thread(tid: UInt64) -> ThreadSlot? {
    definitions.threads.filter { $0.value.tid == tid }.keys.max()
  }
}

extension Operation {
  /// What a thread waits for in it, for a resource whose creation was not seen.
  fileprivate var blockedOn: ResourceKind { self == .acquire ? .threadLock : resourceKind }
}

extension EventKind {
  /// What an operation is done on, for a resource whose creation was not seen.
  fileprivate var resourceKind: ResourceKind {
    switch self {
    case .acquired, .released: .threadLock
    case .eventSet, .eventCleared: .event
    case .notified: .condition
    case .queuePut, .queueGot, .queueTaskDone: .queue
    default: .barrier
    }
  }
}
