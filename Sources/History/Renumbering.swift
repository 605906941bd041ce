import TraceFormat

/// The numbers of parties and resources after some of them were let go of.
struct Renumbering {
  var parties: [UInt32]
  var isKept: [Bool]
  var resources: [UInt32]
  private var forgotten: UInt32 = 0

  init(parties: Int, resources: Int) {
    self.parties = [UInt32](repeating: 0, count: parties)
    isKept = [Bool](repeating: false, count: parties)
    self.resources = [UInt32](repeating: .max, count: resources)
  }

  /// All resources without a number are this one from now on.
  mutating func forget(as resource: UInt32) {
    forgotten = resource
    for index in resources.indices where resources[index] == .max { resources[index] = resource }
  }

  /// The party itself, or the one that stands for it.
  func party(_ index: Int) -> Int { Int(parties[index]) }
  /// Nothing if the party was let go of.
  func kept(_ index: Int) -> Int? { isKept[index] ? Int(parties[index]) : nil }
  func resource(_ index: Int) -> Int { Int(resources[index]) }

  func entity(_ entity: Entity) -> Entity {
    switch entity {
    case .party(let index): kept(index).map { .party($0) } ?? .resource(Int(forgotten))
    case .resource(let index): .resource(resource(index))
    }
  }

  func occurrence(_ what: Occurrence) -> Occurrence {
    var result = what
    result.party = party(what.party)
    result.handedBy = what.handedBy.map(party)
    result.executor = what.executor.map(resource)
    return result
  }

  func wait(_ wait: Wait) -> Wait {
    var result = wait
    result.future = wait.future.map(entity)
    result.primitive = wait.primitive.map { ($0.resource.map(resource), $0.operation) }
    return result
  }
}

extension PartyRecord {
  mutating func renumber(_ map: Renumbering) {
    created = map.occurrence(created)
    lastWait = lastWait.map(map.wait)
    announced = announced.map(map.wait)
    turn = turn.map(map.wait)
    if let asked = request {
      request = EndRequest(
        asked: map.occurrence(asked.asked), broken: asked.broken.map(map.wait))
    }
    executor = executor.map(map.resource)
  }
}

extension ResourceRecord {
  mutating func renumber(_ map: Renumbering) {
    created = created.map(map.occurrence)
    if let ended = done { done = (ended.outcome, map.occurrence(ended.by)) }
    part = part.map(map.resource)
    owner = owner.map(map.resource)
    if isUsed { changeUse().renumber(map) }
  }
}

extension ResourceUse {
  fileprivate func renumber(_ map: Renumbering) {
    for index in members.indices { members[index] = map.entity(members[index]) }
    for index in takes.indices { takes[index] = map.occurrence(takes[index]) }
    released = released.map(map.occurrence)
    lost = lost.map(map.occurrence)
    signalled = signalled.map(map.occurrence)
    cleared = cleared.map(map.occurrence)
    notifier = notifier.map(map.party)
    wastedOn = wastedOn.map(map.party)
    if let waste = wasted {
      wasted = WastedWakeup(
        task: map.party(waste.task), woken: map.occurrence(waste.woken),
        asked: map.occurrence(waste.asked))
    }
    lastPut = lastPut.map(map.occurrence)
    lastGot = lastGot.map(map.occurrence)
    lastTaskDone = lastTaskDone.map(map.occurrence)
    providers.renumber(map.kept)
    takers.renumber(map.kept)
  }
}

extension ThreadState {
  mutating func renumber(_ map: Renumbering) {
    party = map.party(party)
    running = running.map(map.party)
    blocks = blocks.map(map.wait)
    for index in loops.indices { loops[index].mainTask = loops[index].mainTask.map(map.party) }
    lastTaskCreated = lastTaskCreated.map(map.party)
    lastConcurrentFuture = lastConcurrentFuture.map(map.resource)
  }
}

extension TimerState {
  mutating func renumber(_ map: Renumbering) {
    armed = map.occurrence(armed)
    targets = targets.map(map.entity)
  }
}

extension BrokenCycle {
  mutating func renumber(_ map: Renumbering) {
    task = map.party(task)
    asked = map.occurrence(asked)
    for index in links.indices {
      links[index].party = map.party(links[index].party)
      links[index].wait = map.wait(links[index].wait)
      links[index].resource = links[index].resource.map(map.resource)
      links[index].hold = links[index].hold.map(map.occurrence)
    }
  }
}

extension Snapshot {
  mutating func renumber(_ map: Renumbering) {
    for key in threads.keys {
      threads[key]!.resource = threads[key]!.resource.map(map.entity)
    }
    referrers = referrers.mapValues { reaches in
      reaches.map { reach in
        if case .party(let party) = reach { .party(map.party(party)) } else { reach }
      }
    }
    unhandled = Set(unhandled.map(map.party))
  }
}
