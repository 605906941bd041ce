package import TraceFormat

extension World {
  mutating func createResource(_ event: Event, by actor: Int) {
    guard let kind = ResourceKind(rawValue: event.value) else { return }
    let new = ResourceRecord(
      kind: kind, number: event.subject, capacity: event.object,
      created: occurrence(event, by: actor))
    if let index = resource(event.subject), isUnseen(index), kind != resources[index].kind {
      // What is told only when somebody waits for it had been taken before.
      resources[index].kind = kind
      resources[index].capacity = event.object
      resources[index].created = new.created
    } else if let index = resource(event.subject), isJustMade(index), resources[index].kind == kind
    {
      // A class whose __new__ makes the object runs __init__ twice.
      resources[index] = new
    } else {
      resources.append(new)
      living[event.subject] = .resource(resources.count - 1)
    }
    if kind == .process { processes[event.object] = living[event.subject]?.resource }
    if kind == .concurrentFuture { lastConcurrentFuture[event.thread] = resources.count - 1 }
  }

  /// Whether it was taken for a lock, for want of any event that tells what it is.
  private func isUnseen(_ index: Int) -> Bool {
    resources[index].kind == .threadLock && resources[index].created == nil
      && (!resources[index].takes.isEmpty || resources[index].name != nil)
  }

  /// Whether nothing has been done with a resource, and nothing else been made but parts of it.
  private func isJustMade(_ index: Int) -> Bool {
    let resource = resources[index]
    return index >= resources.count - 3 && resource.kind != .future && resource.takers.isEmpty
      && resource.providers.isEmpty && resource.members.isEmpty && resource.done == nil
  }

  mutating func finishFuture(_ event: Event, by actor: Int) {
    // A task resolves itself at its end; the events of the task say that.
    guard party(event.subject) == nil else { return }
    let future = resource(event.subject, orNew: .future)
    guard resources[future].done == nil else { return }
    let outcome = Outcome(rawValue: event.value) ?? .value
    let what = occurrence(event, by: actor)
    resources[future].done = (outcome, what)
    if outcome == .value { noteHabit(of: future, what) }
  }

  mutating func applyOperation(_ event: Event, by actor: Int) {
    let index = resource(event.subject, orNew: event.kind.resourceKind)
    let what = occurrence(event, by: actor)
    switch event.kind {
    case .acquired: acquire(index, what, for: named(event) ?? actor)
    case .released: release(index, what, of: named(event) ?? actor)
    case .eventSet:
      resources[index].isSet = true
      resources[index].signalled = what
      noteHabit(of: index, what)
      resources[index].providers.insert(actor)
    case .eventCleared: resources[index].isSet = false
    case .notified:
      resources[index].signalled = what
      resources[index].signalledWaiters = event.value
      resources[index].notifier = actor
      noteHabit(of: index, what)
      resources[index].providers.insert(actor)
    case .queuePut:
      putBack(index, what)
      resources[index].items = event.value
      resources[index].unfinished += 1
      resources[index].lastPut = what
      noteHabit(of: index, what)
      resources[index].providers.insert(actor)
    case .queueGot:
      takeItem(index, what)
      resources[index].items = event.value
      resources[index].lastGot = what
      resources[index].takers.insert(actor)
    case .queueTaskDone:
      resources[index].unfinished = event.value
      resources[index].taskDoneCount += 1
      resources[index].lastTaskDone = what
    default: resources[index].providers.insert(actor)
    }
  }

  /// The party on whose behalf something is taken or given back, if the event names one.
  private func named(_ event: Event) -> Int? {
    event.object == 0 ? nil : party(event.object)
  }

  /// What was handed over to a party counts as taken where that party goes on, once it does.
  private mutating func acquire(_ index: Int, _ what: Occurrence, for taker: Int) {
    var hold = what
    if taker != what.party {
      hold.party = taker
      hold.handedBy = what.party
    } else if let handed = resources[index].takes.lastIndex(where: {
      $0.party == taker && $0.handedBy != nil
    }) {
      resources[index].takes.remove(at: handed)
    }
    resources[index].takes.append(hold)
    resources[index].takers.insert(taker)
    beginSection(index)
  }

  /// Gives back the party's own take, else that of a party that has ended, else the oldest.
  private mutating func release(_ index: Int, _ what: Occurrence, of party: Int) {
    resources[index].released = what
    resources[index].providers.insert(what.party)
    let takes = resources[index].takes
    if let own = takes.lastIndex(where: { $0.party == party }) {
      resources[index].hasOwnRelease = true
      if let origin = origin(of: index) { returning.insert(origin) }
      endSection(index, resources[index].takes.remove(at: own))
      return
    }
    resources[index].hasForeignRelease = true
    if takes.isEmpty {
      // More releases than takes: a semaphore used to count signals grows.
      resources[index].capacity += 1
      return
    }
    let ended = takes.firstIndex { parties[$0.party].isEnded }
    resources[index].takes.remove(at: ended ?? 0)
  }

  /// As many takes of a queue as are kept: pools are small.
  private static let takeLimit = 256

  private mutating func takeItem(_ index: Int, _ what: Occurrence) {
    let queue = resources[index]
    if queue.getCount == 0, let made = queue.created, let put = queue.lastPut,
      queue.capacity == 0 || UInt64(queue.unfinished) == queue.capacity
    {
      resources[index].isFilledByMaker =
        queue.capacity > 0 && made.party == put.party
        && directFunction(made.site) == directFunction(put.site)
    }
    addTake(index, what)
  }

  mutating func addTake(_ index: Int, _ what: Occurrence) {
    resources[index].getCount += 1
    if resources[index].takes.count == Self.takeLimit { resources[index].takes.removeFirst() }
    resources[index].takes.append(what)
  }

  mutating func putBack(_ index: Int, _ what: Occurrence) {
    let queue = resources[index]
    guard !queue.takes.isEmpty else {
      if queue.getCount > 0 { resources[index].lateCount += 1 }
      return
    }
    if let own = queue.takes.lastIndex(where: { $0.party == what.party }) {
      resources[index].takes.remove(at: own)
    } else if queue.isFilledByMaker {
      let ended = queue.takes.firstIndex { parties[$0.party].isEnded }
      resources[index].takes.remove(at: ended ?? 0)
      resources[index].hasForeignRelease = true
    } else {
      resources[index].lateCount += 1
      return
    }
    resources[index].returnCount += 1
  }

  /// File and function of the innermost frame outside of the language's own library.
  func directFunction(_ stack: StackID?) -> [String] {
    let frame = definitions.frames(stack).first { $0.ownership != .runtime }
    return frame.map { [$0.file, $0.function] } ?? []
  }

  mutating func applyBlock(_ event: Event) {
    guard event.kind == .blockBegin, let operation = Operation(rawValue: event.value) else {
      let ended = resource(event.subject)
      let blocks = threads[event.thread]!.blocks
      let index = blocks.lastIndex { $0.primitive?.resource == ended } ?? 0
      threads[event.thread]!.blocks.removeSubrange(index...)
      return
    }
    let target = resource(event.subject, orNew: operation.blockedOn)
    var wait = Wait(
      future: nil, primitive: (target, operation), site: event.site, since: event.time)
    let limit = event.object.multipliedReportingOverflow(by: 1_000_000)
    if event.object != .max, !limit.overflow {
      wait.deadline = TraceInstant(
        nanoseconds: event.time.nanoseconds.addingReportingOverflow(limit.partialValue).partialValue
      )
    }
    threads[event.thread]!.blocks.append(wait)
  }

  /// Somebody is about to wait for a lock of which the trace did not say who holds it.
  mutating func applyHeld(_ event: Event) {
    let lock = resource(event.subject, orNew: .threadLock)
    let taken = TraceInstant(
      nanoseconds: event.time.since(TraceInstant(nanoseconds: UInt64(event.value) * 1000)))
    guard let holder = holder(named: event, takenAt: taken) else { return }
    // What was taken in a turn was not taken before it, whatever the coarse clock says.
    let since = max(taken, parties[holder].lastRun ?? taken)
    let take = Occurrence(time: since, party: holder, site: event.site)
    // Of a semaphore there may be several holders, each told by itself.
    if resources[lock].kind != .semaphore { resources[lock].takes = [] }
    resources[lock].takes.append(take)
    resources[lock].takers.insert(holder)
  }

  /// Who held something by then: a task that the event names, else what ran on the thread that it names.
  private mutating func holder(named event: Event, takenAt taken: TraceInstant) -> Int? {
    if let task = party(event.object), parties[task].kind == .task { return task }
    guard let slot = thread(tid: event.object) else { return nil }
    let known = touch(slot, at: event.time)
    // Tasks and jobs tell what they hold when they leave their thread: so it runs there still.
    return threads[slot]!.running.last { (parties[$0].lastRun ?? .start) <= taken } ?? known
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
