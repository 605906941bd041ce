import TraceFormat

/// What is over and what nothing refers to any more is let go of, so that memory follows what is alive.
///
/// The order of those that are kept stays, their numbers do not. Futures and tasks that were done become one future
/// that is: whatever their numbers are still used for finds them resolved.
extension World {
  /// Of those of one function that ended in one way, as many are kept: they may be needed to explain a hang.
  private static let keptOfFunction: UInt8 = 8
  /// Of those that acted on one thing and have ended.
  private static let keptActors = 16

  mutating func collect() {
    if forgotten == nil {
      var future = ResourceRecord(kind: .future, number: 0, capacity: 0, created: nil)
      future.done = (.value, Occurrence(time: .start, party: 0, site: nil))
      forgotten = append(future)
    }
    forgetMembers()
    var marks = Marks(parties: parties.count, resources: resources.count)
    markRoots(&marks)
    spread(&marks)
    markExamples(&marks)
    spread(&marks)
    let map = compact(marks)
    renumber(map)
    collectionLimit = max(Self.leastCollection, Self.growth * (parties.count + resources.count))
  }

  // MARK: Marking

  /// What is kept, and how far what it refers to is kept, too: without a limit of what is alive, and in
  /// few steps from what has ended, for each was started by another one.
  private struct Marks {
    static let alive: UInt8 = 3
    var parties: [UInt8]
    var resources: [UInt8]
    var pending: [Entity] = []

    init(parties: Int, resources: Int) {
      self.parties = [UInt8](repeating: 0, count: parties)
      self.resources = [UInt8](repeating: 0, count: resources)
    }

    mutating func keep(party: Int, _ steps: UInt8) {
      guard parties[party] < steps else { return }
      parties[party] = steps
      if steps > 1 { pending.append(.party(party)) }
    }

    mutating func keep(resource: Int?, _ steps: UInt8) {
      guard let resource, resources[resource] < steps else { return }
      resources[resource] = steps
      if steps > 1 { pending.append(.resource(resource)) }
    }

    mutating func keep(_ entity: Entity?, _ steps: UInt8) {
      switch entity {
      case .party(let party): keep(party: party, steps)
      case .resource(let resource): keep(resource: resource, steps)
      case nil: break
      }
    }

    mutating func keep(_ what: Occurrence?, _ steps: UInt8) {
      guard let what else { return }
      keep(party: what.party, steps)
      if let giver = what.handedBy { keep(party: giver, steps) }
      keep(resource: what.executor, steps)
    }

    mutating func keep(_ wait: Wait?, _ steps: UInt8) {
      guard let wait else { return }
      keep(wait.future, steps)
      keep(resource: wait.primitive?.resource, steps)
    }
  }

  private func markRoots(_ marks: inout Marks) {
    for index in parties.indices where !parties[index].isEnded {
      marks.keep(party: index, Marks.alive)
    }
    marks.keep(resource: forgotten, 1)
    for index in resources.indices
    where !resources[index].isDone && living[resources[index].number] == .resource(index) {
      marks.keep(resource: index, Marks.alive)
    }
    for thread in threads.states {
      marks.keep(party: thread.party, Marks.alive)
      for party in thread.running { marks.keep(party: party, 2) }
      for loop in thread.loops { marks.keep(loop.mainTask.map { .party($0) }, 2) }
      for wait in thread.blocks { marks.keep(wait, Marks.alive) }
      marks.keep(thread.lastTaskCreated.map { .party($0) }, 1)
      marks.keep(resource: thread.lastConcurrentFuture, 1)
    }
    for timer in timers.values {
      marks.keep(timer.armed, 1)
      for target in timer.targets { marks.keep(target, 1) }
    }
    for index in connections.values { marks.keep(resource: index, Marks.alive) }
    for index in processes.values { marks.keep(resource: index, Marks.alive) }
    for watch in descriptors.listening { marks.keep(watch.listener, 1) }
    for targets in signalHandlers.values { for target in targets { marks.keep(target, 1) } }
    for index in jobs.values { marks.keep(party: index, Marks.alive) }
    if let firstTask { marks.keep(party: firstTask, 1) }
    markNotes(&marks)
    for snapshot in [snapshot, taking] {
      guard let snapshot else { continue }
      for stand in snapshot.threads.values { marks.keep(stand.resource, 1) }
      for case .party(let party) in snapshot.referrers.values.joined() {
        marks.keep(party: party, 1)
      }
      for party in snapshot.unhandled { marks.keep(party: party, 1) }
    }
  }

  /// What was noted of the past.
  private func markNotes(_ marks: inout Marks) {
    for step in incidents.longSteps { marks.keep(party: step.party, 2) }
    for (task, _) in incidents.destroyed { marks.keep(party: task, 2) }
    for (entity, _) in incidents.unretrieved { marks.keep(entity, 2) }
    for interruption in interruptions {
      marks.keep(party: interruption.task, 1)
      marks.keep(interruption.asked, 1)
    }
    for cycle in incidents.brokenCycles {
      marks.keep(party: cycle.task, 2)
      marks.keep(cycle.asked, 2)
      for link in cycle.links {
        marks.keep(party: link.party, 2)
        marks.keep(link.wait, 2)
        marks.keep(resource: link.resource, 2)
        marks.keep(link.hold, 2)
      }
    }
    for habit in habits.habits {
      marks.keep(habit.last, 2)
      // Who would do it again is asked only where all that did it are known.
      let kept = habit.isCrowded ? Self.keptActors : Habit.limit
      for party in habit.providers.latest(kept) { marks.keep(party: party, 2) }
    }
  }

  /// The latest of each function, in each way to end.
  private func markExamples(_ marks: inout Marks) {
    let ways = Outcome.allCases.count
    var counts = [UInt8](repeating: 0, count: (functions.codeCount + 1) * ways)
    for index in parties.indices.reversed() {
      guard case .ended(let outcome, _) = parties[index].state else { continue }
      let function = parties[index].code?.number ?? functions.codeCount
      let place = function * ways + Int(outcome.rawValue)
      guard counts[place] < Self.keptOfFunction else { continue }
      counts[place] += 1
      marks.keep(party: index, 2)
    }
  }

  private func spread(_ marks: inout Marks) {
    while let entity = marks.pending.popLast() {
      switch entity {
      case .party(let index): spread(fromParty: index, &marks)
      case .resource(let index): spread(fromResource: index, &marks)
      }
    }
  }

  private func spread(fromParty index: Int, _ marks: inout Marks) {
    let steps = marks.parties[index] - 1
    marks.keep(parties[index].created, steps)
    marks.keep(parties[index].request?.asked, steps)
    marks.keep(resource: parties[index].executor, steps)
    guard !parties[index].isEnded else { return }
    marks.keep(parties[index].wait, Marks.alive)
    marks.keep(parties[index].announced, Marks.alive)
    marks.keep(parties[index].turn, Marks.alive)
    marks.keep(parties[index].lastWait, 1)
  }

  private func spread(fromResource index: Int, _ marks: inout Marks) {
    let steps = marks.resources[index] - 1
    marks.keep(resources[index].created, steps)
    marks.keep(resources[index].done?.by, steps)
    marks.keep(resource: resources[index].part, steps)
    marks.keep(resource: resources[index].owner, steps)
    guard resources[index].isUsed else { return }
    let use = resources[index].use
    for member in use.members {
      marks.keep(member, isDone(member) ? steps : Marks.alive)
    }
    for take in use.takes { marks.keep(take, steps) }
    for latest in [
      use.lost, use.released, use.signalled, use.cleared, use.lastPut, use.lastGot,
      use.lastTaskDone,
    ] {
      marks.keep(latest, steps)
    }
    if let notifier = use.notifier { marks.keep(party: notifier, 1) }
    if let task = use.wastedOn { marks.keep(party: task, steps) }
    if let wasted = use.wasted {
      marks.keep(party: wasted.task, steps)
      marks.keep(wasted.woken, steps)
      marks.keep(wasted.asked, steps)
    }
    for party in use.providers.latest(Self.keptActors) { marks.keep(party: party, 1) }
    for party in use.takers.latest(Self.keptActors) { marks.keep(party: party, 1) }
  }

  /// Of a group, those that have ended count as one that has. Those that failed are kept: somebody who waits for the
  /// group learns of them.
  private mutating func forgetMembers() {
    let few = 64
    for index in resources.indices
    where resources[index].isUsed && resources[index].members.count >= few
      && resources[index].asked == nil
    {
      var kept = resources[index].members.filter { member in
        guard isDone(member) else { return true }
        if case .party(let party) = member, case .ended(.error, _) = parties[party].state {
          return true
        }
        return false
      }
      if kept.count < resources[index].members.count, let forgotten {
        kept.append(.resource(forgotten))
      }
      resources[index].changeUse().members = kept
    }
  }

  // MARK: Moving

  private mutating func compact(_ marks: Marks) -> Renumbering {
    var map = Renumbering(parties: parties.count, resources: resources.count)
    var next = 0
    for index in parties.indices where marks.parties[index] > 0 {
      map.parties[index] = UInt32(next)
      map.isKept[index] = true
      next += 1
    }
    for index in parties.indices where marks.parties[index] == 0 {
      // What a forgotten party has done was done on its thread.
      let place = threads.place(of: parties[index].thread) ?? 0
      map.parties[index] = map.parties[threads.states[place].party]
    }
    for index in parties.indices where map.isKept[index] {
      if index != map.party(index) { parties.swapAt(index, map.party(index)) }
    }
    parties.removeLast(parties.count - next)
    next = 0
    for index in resources.indices where marks.resources[index] > 0 {
      map.resources[index] = UInt32(next)
      if index != next { resources.swapAt(index, next) }
      next += 1
    }
    resources.removeLast(resources.count - next)
    map.forget(as: map.resources[forgotten!])
    return map
  }

  private mutating func renumber(_ map: Renumbering) {
    for index in parties.indices { parties[index].renumber(map) }
    for index in resources.indices { resources[index].renumber(map) }
    for index in threads.states.indices { threads.states[index].renumber(map) }
    for key in timers.keys { timers[key]!.renumber(map) }
    connections = connections.mapValues(map.resource)
    processes = processes.mapValues(map.resource)
    descriptors.renumber(map)
    signalHandlers = signalHandlers.mapValues { $0.map(map.entity) }
    jobs = jobs.mapValues(map.party)
    firstTask = firstTask.map(map.party)
    forgotten = forgotten.map(map.resource)
    living.renumber(map)
    incidents.renumber(map)
    for index in interruptions.indices {
      interruptions[index].task = map.party(interruptions[index].task)
      interruptions[index].asked = map.occurrence(interruptions[index].asked)
    }
    for index in habits.habits.indices {
      habits.habits[index].last = map.occurrence(habits.habits[index].last)
      habits.habits[index].providers.renumber(map.kept)
    }
    snapshot?.renumber(map)
    taking?.renumber(map)
  }
}
