import History
import TraceFormat

/// Who can end a wait for a resource.
extension WaitModel {
  mutating func connectResource(_ node: Int, _ index: Int, _ operation: Operation?) {
    let resource = world.resources[index]
    if timed.contains(.resource(index)) { return need(node, .all, []) }
    if isGiven(index, resource, operation) { return need(node, .all, []) }
    if let tasks = signallers[index] {
      habitual.insert(node)
      return need(node, .any, tasks.map { .party($0) })
    }
    if !resource.members.isEmpty { return connectMembers(node, resource) }
    switch resource.kind {
    case .semaphore where resource.countsSignals && woken[index] == nil:
      connectSignal(node, index, resource, operation)
    case .lock, .threadLock, .semaphore: connectPermits(node, index, resource)
    case .queue where resource.isPool && operation == .queueGet, .condition where resource.isPool:
      connectPermits(node, index, resource)
    case .condition, .event, .barrier, .queue: connectSignal(node, index, resource, operation)
    case .process: connectProcess(node, index)
    case .stream where resource.isConnection: connectConnection(node, index)
    case .group where isBlockedOn(index): need(node, .any, [.anything])
    case .group, .stream: need(node, .all, [])
    case .executor, .actor: need(node, .all, [.executor(index)])
    case .thread:
      if let slot = resource.thread, let thread = world.threads[slot] {
        return need(node, .all, thread.hasEnded ? [] : [.party(thread.party)])
      }
      if !connectByReach(node, index) { need(node, .any, [.anything]) }
    case .concurrentFuture:
      if resource.done != nil { return need(node, .all, []) }
      if let job = world.jobs[resource.number] { return need(node, .all, [.party(job)]) }
      if let host = resource.submittedTo.flatMap(world.thread(ofLoop:)) {
        return need(node, .all, [.thread(host)])
      }
      if !connectByReach(node, index) { need(node, .any, [.anything]) }
    case .future:
      if resource.done != nil { return need(node, .all, []) }
      if resource.lost != nil { return need(node, .any, []) }
      if let job = world.jobs[resource.number] { return need(node, .all, [.party(job)]) }
      if !connectByReach(node, index) { connectFuture(node, resource) }
    }
  }

  /// Whether what threads wait for at it has come already, and those that wait have merely not run since: nobody
  /// hands it to them, as loops and executors do to tasks.
  func isGiven(_ index: Int, _ resource: ResourceRecord, _ operation: Operation?) -> Bool {
    switch (resource.kind, operation) {
    case (.concurrentFuture, _): resource.isDone
    case (.threadLock, .acquire): resource.holds.isEmpty && wasGivenBack(index, resource)
    case (.semaphore, .acquire): resource.freePermits > 0 && wasGivenBack(index, resource)
    case (.event, .eventWait): resource.isSet && isBlockedOn(index)
    case (.queue, .queueGet): resource.items > 0 && isBlockedOn(index)
    case (.queue, .queuePut): resource.items < resource.capacity && isBlockedOn(index)
    case (.queue, .queueJoin): resource.unfinished == 0 && isBlockedOn(index)
    default: false
    }
  }

  /// Whether it was since somebody came to wait, who is there still.
  private func wasGivenBack(_ index: Int, _ resource: ResourceRecord) -> Bool {
    guard let released = resource.released else { return false }
    return world.threads.values.contains {
      guard let block = $0.block, block.primitive?.resource == index else { return false }
      return block.since < released.time
    }
  }

  /// Whether threads wait for it, and not only tasks: a group then counts who came and who left.
  func isBlockedOn(_ index: Int) -> Bool {
    world.threadSlots.contains { synchronousWait(of: $0)?.resource == index }
  }

  mutating func connectMembers(_ node: Int, _ resource: ResourceRecord) {
    let members = resource.members.filter { !world.isDone($0) }
    if members.isEmpty, resource.kind == .concurrentFuture {
      // What ended still has to tell it, on its own thread.
      return need(node, .all, resource.members.compactMap(thread).map(Node.thread))
    }
    switch resource.dependency {
    case .any where resource.asked != nil:
      let isOver = resource.members.contains {
        world.doneTime($0).map { $0 >= resource.asked! } ?? false
      }
      need(node, isOver ? .all : .any, isOver ? [] : members.map(memberNode))
    case .any where members.count < resource.members.count: need(node, .all, [])
    case .any: need(node, .any, members.map(memberNode))
    case .all, .guarded: need(node, .all, members.map(memberNode))
    }
  }

  func thread(of entity: Entity) -> ThreadSlot? {
    guard case .party(let task) = entity else { return nil }
    return world.parties[task].thread
  }

  func memberNode(_ entity: Entity) -> Node {
    switch entity {
    case .party(let index): .party(index)
    case .resource(let index): .resource(index, nil)
    }
  }

  /// A lock or semaphore goes on when one of its holders does, or a waiter that was handed a permit.
  mutating func connectPermits(_ node: Int, _ index: Int, _ resource: ResourceRecord) {
    var providers = Set(resource.holds.map(\.party)).filter { !world.parties[$0].isEnded }
    // Whose wait was broken off was handed nothing; it wakes the next one if the lock is free.
    providers.formUnion(
      woken[index, default: []].filter { resource.holds.isEmpty || !isBrokenOff($0) })
    var targets = providers.sorted().map { Node.party($0) }
    if resource.hasForeignRelease || resource.isPool
      || (resource.holds.isEmpty && resource.kind != .lock)
      || resource.kind == .semaphore
        && !resource.holds.allSatisfy({ world.isReturned($0, to: index) })
      || [.lock, .semaphore].contains(resource.kind)
        && resource.holds.contains(where: world.mayBeLeftToOthers)
      || isUnseen(index) || isTakenUnseen(index, resource)
    {
      let others = reach.actors(on: index)
      if let others, !others.contains(.anything) { proved.insert(node) }
      targets += others ?? known(resource.providers) + [.anything]
    }
    need(node, .any, targets)
  }

  private func isBrokenOff(_ party: Int) -> Bool {
    guard case .resource(let future)? = world.parties[party].wait?.future else { return false }
    return world.resources[future].done?.outcome == .cancelled
  }

  /// Whether the trace cannot have all that was done with a task's lock: it is free while somebody waits, although
  /// no wake-up was lost, or it, or a permit, was taken on a loop's thread outside of any turn, which only tasks do.
  private func isTakenUnseen(_ index: Int, _ resource: ResourceRecord) -> Bool {
    if resource.kind == .lock, resource.holds.isEmpty, woken[index] == nil {
      return resource.wasted == nil && resource.wastedOn == nil
    }
    return resource.kind != .threadLock && resource.holds.contains { isLoop($0.party) }
  }

  private func isLoop(_ party: Int) -> Bool {
    guard world.parties[party].kind == .thread,
      let loop = world.threads[world.parties[party].thread]?.loops.last
    else { return false }
    return !loop.isSet
  }

  /// Whether a task waits for what was never announced: it may be anything, although it was taken for a lock.
  private func isUnseen(_ index: Int) -> Bool {
    world.resources[index].created == nil
      && waiters[index, default: []].contains { world.parties[$0].wait != nil }
  }

  mutating func connectSignal(
    _ node: Int, _ index: Int, _ resource: ResourceRecord, _ operation: Operation?
  ) {
    // A stream that was finished.
    if resource.done != nil { return need(node, .all, []) }
    if connectByHabit(node, index, resource, operation) { return }
    if connectByReach(node, index) { return }
    let actors =
      operation == .queuePut || operation == .queueJoin
      ? resource.takers : resource.providers
    need(node, .any, known(actors) + [.anything])
  }

  /// Who waits to put into a full queue needs those that take from it: only if all of them are gone might
  /// others come. Who waits in join() for items that idle consumers have taken is not helped by them.
  mutating func connectByHabit(
    _ node: Int, _ index: Int, _ resource: ResourceRecord, _ operation: Operation?
  ) -> Bool {
    let takers = resource.takers.filter { !world.parties[$0].isEnded }.sorted()
    guard !resource.isOlder, resource.created != nil, !takers.isEmpty,
      takers.allSatisfy({ world.parties[$0].kind != .thread })
    else {
      return false
    }
    switch operation {
    case .queuePut: need(node, .any, takers.map { .party($0) })
    case .queueJoin
    where takers.allSatisfy({ taker in
      let wait = world.parties[taker].wait
      return wait?.primitive?.resource == index && wait?.primitive?.operation == .queueGet
        && !world.isWoken(wait!)
    }):
      need(node, .any, [])
    default: return false
    }
    habitual.insert(node)
    return true
  }

  /// A future may be resolved by anything that moves, but only through the thread of its own loop.
  mutating func connectFuture(_ node: Int, _ resource: ResourceRecord) {
    guard let created = resource.created,
      let home = world.threads[world.parties[created.party].thread], home.loops.last?.isSet == false
    else { return need(node, .any, [.anything]) }
    need(node, .all, [.anything, .thread(world.parties[created.party].thread)])
  }

  func known(_ parties: PartySet) -> [Node] {
    parties.filter { !world.parties[$0].isEnded && world.parties[$0].kind != .thread }.sorted().map
    {
      .party($0)
    }
  }
}
