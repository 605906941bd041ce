import TraceFormat

extension World {
  mutating func createResource(_ event: Event, by actor: Int) {
    guard let kind = ResourceKind(rawValue: event.value) else { return }
    resources.append(
      ResourceRecord(
        kind: kind, number: event.subject, capacity: event.object,
        created: occurrence(event, by: actor)))
    living[event.subject] = .resource(resources.count - 1)
    if kind == .concurrentFuture { lastConcurrentFuture[event.thread] = resources.count - 1 }
  }

  mutating func finishFuture(_ event: Event, by actor: Int) {
    // A task resolves itself at its end; the events of the task say that.
    guard party(event.subject) == nil else { return }
    let future = resource(event.subject, orNew: .future)
    guard resources[future].done == nil else { return }
    let outcome = Outcome(rawValue: event.value) ?? .value
    let what = occurrence(event, by: actor)
    resources[future].done = (outcome, what)
    noteHabit(of: future, outcome, what)
  }

  mutating func applyOperation(_ event: Event, by actor: Int) {
    let index = resource(event.subject, orNew: event.kind.resourceKind)
    let what = occurrence(event, by: actor)
    switch event.kind {
    case .acquired:
      resources[index].holds.append(what)
      resources[index].takers.insert(actor)
    case .released: release(index, what)
    case .eventSet:
      resources[index].isSet = true
      resources[index].signalled = what
      resources[index].providers.insert(actor)
    case .eventCleared: resources[index].isSet = false
    case .notified:
      resources[index].signalled = what
      resources[index].signalledWaiters = event.value
      resources[index].providers.insert(actor)
    case .queuePut:
      resources[index].items = event.value
      resources[index].unfinished += 1
      resources[index].lastPut = what
      resources[index].providers.insert(actor)
    case .queueGot:
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

  /// Gives back the releasing party's own take, else that of a party that has ended, else the oldest.
  private mutating func release(_ index: Int, _ what: Occurrence) {
    resources[index].released = what
    resources[index].providers.insert(what.party)
    let holds = resources[index].holds
    if let own = holds.lastIndex(where: { $0.party == what.party }) {
      resources[index].holds.remove(at: own)
      return
    }
    resources[index].hasForeignRelease = true
    if holds.isEmpty {
      // More releases than takes: a semaphore used to count signals grows.
      resources[index].capacity += 1
      return
    }
    let ended = holds.firstIndex { parties[$0.party].isEnded }
    resources[index].holds.remove(at: ended ?? 0)
  }

  mutating func applyBlock(_ event: Event) {
    guard event.kind == .blockBegin, let operation = Operation(rawValue: event.value) else {
      threads[event.thread]!.block = nil
      return
    }
    let target = resource(event.subject, orNew: operation.resourceKind)
    threads[event.thread]!.block = Wait(
      future: nil, primitive: (target, operation), site: event.site, since: event.time,
      isTimed: event.object != .max)
  }
}

extension EventKind {
  /// What an operation is done on, for a resource whose creation was not seen.
  fileprivate var resourceKind: ResourceKind {
    switch self {
    case .acquired, .released: .lock
    case .eventSet, .eventCleared: .event
    case .notified: .condition
    case .queuePut, .queueGot, .queueTaskDone: .queue
    default: .barrier
    }
  }
}
