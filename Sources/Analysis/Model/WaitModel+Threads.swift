import History
import TraceFormat

/// What threads, jobs and executors need to go on, and what else in the process may act.
extension WaitModel {
  mutating func findBusyThreads() {
    if let keeper, world.now.since(keeper.since) >= Self.blockedLoopThreshold {
      busyThreads.insert(keeper.slot)
    }
    for (slot, thread) in world.threads {
      guard let loop = thread.loops.last, loop.idle == nil, !thread.hasEnded, !loop.isSet,
        !isKept(slot)
      else { continue }
      if let block = thread.block, !endsSoon(block) { continue }
      // Or it went to sleep, in an event that was lost.
      if synchronousWait(of: slot) != nil || thread.lost == thread.lastEvent { continue }
      if world.now.since(thread.lastEvent) >= Self.blockedLoopThreshold {
        busyThreads.insert(slot)
      }
    }
  }

  /// Whether a cause rests on what the trace says, and on nothing that it does not say.
  func isCertain(_ cause: Cause) -> Bool {
    cause.isStructural && !contradictsItself
      && !cause.nodes.contains { node in
        if case .thread(let slot) = nodes[node] { isMerelySilent(slot) } else { false }
      }
  }

  /// Whether only that nothing came any more says that a loop's thread is busy: nobody has looked at its stack since.
  /// Had it gone on, or to sleep, in an event that went missing, all would be the same.
  private func isMerelySilent(_ slot: ThreadSlot) -> Bool {
    guard busyThreads.contains(slot), let thread = world.threads[slot] else { return false }
    if thread.block != nil, thread.loops.last?.isSet ?? true { return false }
    // It was seen in a wait whose beginning is not in the trace.
    if thread.block == nil, case .resource(let index)? = reach.stand(of: slot)?.resource,
      !world.resources[index].isConnection
    {
      return true
    }
    return (thread.block != nil || synchronousWait(of: slot) == nil)
      && (thread.sample?.time ?? .start) < thread.lastEvent
  }

  /// Threads of loops that wait for what anybody may yet do: whether or not that comes, the loop has stood
  /// still for too long.
  func blockedLoops() -> Set<ThreadSlot> {
    Set(
      world.threads.keys.filter { slot in
        guard let thread = world.threads[slot], let loop = thread.loops.last, loop.idle == nil,
          let block = thread.block ?? standingWait(of: slot),
          world.now.since(block.since) >= Self.blockedLoopThreshold, isLive(.thread(slot))
        else { return false }
        // It has come: the end of the wait is not in the trace, nor what was after it.
        if case (let index?, let operation)? = block.primitive,
          isGiven(index, world.resources[index], operation)
        {
          return false
        }
        // Whether a thread that also rests elsewhere is kept from anything is not known otherwise.
        if loop.isSet { return loop.woken > block.since }
        // In the kernel.
        if thread.block == nil { return true }
        switch block.primitive?.operation {
        case .eventWait, .conditionWait, .queueGet, .queuePut, .queueJoin, .barrierWait: return true
        case .acquire, .sleep, .group, .read, .drain, .accept, .connect, .process, .result, .join,
          .exit, nil:
          return false
        }
      })
  }

  mutating func connectThread(_ node: Int, _ slot: ThreadSlot) {
    if busyThreads.contains(slot) { return need(node, .any, []) }
    if let keeper, isKept(slot) { return need(node, .all, [.thread(keeper.slot)]) }
    if let (resource, operation) = synchronousWait(of: slot) {
      return need(node, .all, [resource.map { .resource($0, operation) } ?? .anything])
    }
    need(node, .all, [])
  }

  /// What a thread waits for, as it said itself or as a snapshot found.
  func synchronousWait(of slot: ThreadSlot) -> (resource: Int?, operation: Operation)? {
    guard let thread = world.threads[slot] else { return nil }
    if let block = thread.block {
      guard !endsSoon(block), let (resource, operation) = block.primitive, let resource,
        operation != .sleep
      else {
        return nil
      }
      return (resource, operation)
    }
    guard let stand = reach.stand(of: slot), let operation = stand.operation else { return nil }
    if case .resource(let index)? = stand.resource {
      return thread.loops.isEmpty || isBound(index) ? (index, operation) : nil
    }
    return thread.loops.isEmpty ? (nil, operation) : nil
  }

  /// The wait of a thread that records nothing itself, since it was seen last.
  func standingWait(of slot: ThreadSlot) -> Wait? {
    guard let (resource, operation) = synchronousWait(of: slot), let resource, isBound(resource),
      let thread = world.threads[slot]
    else { return nil }
    return Wait(
      future: nil, primitive: (resource, operation), site: reach.stand(of: slot)?.site,
      since: thread.lastEvent)
  }

  /// Whether something outside of the events says what would end a wait of a thread.
  private func isBound(_ resource: Int) -> Bool {
    reach.needs(ofProcess: resource) != nil || reach.peer(ofConnection: resource) != nil
  }

  /// Whether a thread's wait ends by itself before anybody would call it a hang.
  func endsSoon(_ block: Wait) -> Bool {
    guard let deadline = block.deadline else { return false }
    return deadline <= world.now || deadline.since(world.now) < Self.patience
  }

  /// A pool goes on when one of its threads is free, or becomes free.
  mutating func connectExecutor(_ node: Int, _ index: Int) {
    let running = occupants(of: index)
    let capacity = world.resources[index].capacity
    if capacity == 0 || UInt64(running.count) < capacity {
      need(node, .all, [])
    } else {
      need(node, .any, running.map { .party($0) })
    }
  }

  func isRunning(_ party: Int) -> Bool {
    if case .running = world.parties[party].state { true } else { false }
  }

  // MARK: The rest of the world

  /// Every task, job and thread that may do something, and whatever may come from outside.
  mutating func connectAnything(_ node: Int) {
    var targets: [Node] = []
    for timer in liveTimers where timer.reachesUnknown {
      guard let hosts = waitingThreads(ofLoop: timer.loop) else { return need(node, .all, []) }
      targets += hosts
    }
    if !world.unknownSignalHandlers.isEmpty || isAnyPeerUnknown { return need(node, .all, []) }
    for (key, watch) in world.descriptors.watches.sorted(by: { $0.key < $1.key }) {
      targets += waitingThreads(ofLoop: watch.loop) ?? [.descriptor(key.descriptor)]
    }
    for index in world.parties.indices where !world.parties[index].isEnded {
      switch world.parties[index].kind {
      case .task, .job: targets.append(.party(index))
      // Of a loop that is not in its selector, whatever it runs next.
      case .thread:
        if mayAct(world.parties[index].thread) {
          targets.append(.thread(world.parties[index].thread))
        }
      }
    }
    need(node, .any, targets)
  }

  /// Waits for a stream or a process that no registered descriptor shows still come from outside.
  private var isAnyPeerUnknown: Bool {
    world.parties.contains { party in
      guard let wait = party.wait, let operation = wait.primitive?.operation else { return false }
      switch operation {
      case .process where isBoundToChild(wait): return false
      case .read, .accept, .connect, .drain, .process:
        if case .resource(let future)? = wait.future { return !isKnown(reach.actors(on: future)) }
        return true
      case .acquire, .eventWait, .conditionWait, .queueGet, .queuePut, .queueJoin, .barrierWait,
        .sleep, .group, .result, .join, .exit:
        return false
      }
    }
  }

  /// Whether a thread does something of its own, besides running a loop or jobs.
  func mayAct(_ slot: ThreadSlot) -> Bool {
    guard let thread = world.threads[slot] else { return false }
    if thread.hasEnded || thread.isRecorder { return false }
    if thread.isResting ?? (thread.isWorker && thread.running.isEmpty) { return false }
    if let loop = thread.loops.last, let idle = loop.idle {
      // What it was woken for has not begun.
      return loop.woken >= idle.since && world.now.since(loop.woken) < Self.blockedLoopThreshold
    }
    return !busyThreads.contains(slot)
  }
}
