import Findings
import History
import TraceFormat

extension WaitModel {
  /// What a cause is called.
  func kind(of cause: Cause) -> FindingKind {
    if cause.ignored != nil { return .ignoredCancel }
    if cause.gate != nil { return .permitExhaustion }
    if cause.isProved, isOfLeftLocks(cause) { return .abandonedLock }
    if cause.isCycle { return cycleKind(cause) }
    let kind = leafKind(cause)
    // What nobody sends because the program is over is told as that, proved or not.
    let isOpen = !cause.isStructural || cause.isProved && kind.isLackOfSignal
    return isOpen && cause.behind.contains(where: endsProgram) ? .exitBlocked : kind
  }

  /// Whether all that is waited for are locks of tasks that have ended: those who could still reach one, and wait as
  /// well, do not have it.
  private func isOfLeftLocks(_ cause: Cause) -> Bool {
    let things = cause.nodes.compactMap { node -> ResourceRecord? in
      if case .resource(let index, _) = nodes[node] { world.resources[index] } else { nil }
    }
    return !things.isEmpty
      && things.allSatisfy { thing in
        thing.kind == .lock && !thing.holds.isEmpty
          && thing.holds.allSatisfy { world.parties[$0.party].isEnded }
      }
  }

  private func cycleKind(_ cause: Cause) -> FindingKind {
    var parties: Set<Int> = []
    var kinds: Set<ResourceKind> = []
    var operations: Set<Operation> = []
    var hasPool = false
    var actors: Set<Int> = []
    var hasPermits = false
    var hasLeak = false
    for node in cause.nodes {
      switch nodes[node] {
      case .party(let index): if world.parties[index].kind != .thread { parties.insert(index) }
      case .thread(let slot): if let thread = world.threads[slot] { parties.insert(thread.actor) }
      case .executor(let index):
        if world.resources[index].kind == .actor {
          actors.insert(index)
        } else {
          hasPool = true
        }
      case .descriptor, .outside, .anything: break
      case .resource(let index, let operation):
        let resource = world.resources[index]
        if let operation { operations.insert(operation) }
        // Nobody has what is sent as a signal.
        if resource.countsSignals { continue }
        kinds.insert(resource.kind)
        if resource.isPool || resource.kind == .semaphore && resource.capacity > 1 {
          hasPermits = true
          // With what one that has ended keeps, somebody of the others could go on.
          hasLeak = hasLeak || resource.holds.contains { world.parties[$0.party].isEnded }
        }
      }
    }
    if kinds.contains(.process) { return .pipeCycle }
    if hasPool { return .poolStarvation }
    if !actors.isEmpty { return actorKind(cause, actors, kinds, parties) }
    if needsBlockedLoop(cause) {
      return kinds.contains(.threadLock) ? .suspendedHolder : .loopSelfWait
    }
    if hasPermits { return hasLeak ? .leakedPermit : .permitExhaustion }
    if kinds.contains(where: { $0 == .lock || $0 == .semaphore || $0 == .threadLock }) {
      return parties.count == 1 ? .selfDeadlock : .lockCycle
    }
    if operations.contains(.drain), parties.count > 1 { return .pipeCycle }
    // A consumer that waits for more items than come has done its part: what lacks is task_done().
    if operations.contains(.queueJoin) { return .unfinishedJoin }
    if let lead = leadingWait(of: cause) {
      if let operation = lead.primitive?.operation { return signalKind(operation, resource: nil) }
      return .orphanedFuture
    }
    if let operation = Self.telling.first(where: operations.contains) {
      return signalKind(operation, resource: nil)
    }
    // That the others in the cycle could reach a future does not mean that they are to resolve it.
    return cause.isProved ? .orphanedFuture : .awaitCycle
  }

  /// What a circle is called that goes through the turn of an actor.
  private func actorKind(
    _ cause: Cause, _ actors: Set<Int>, _ kinds: Set<ResourceKind>, _ parties: Set<Int>
  ) -> FindingKind {
    if parties.count == 1 { return .selfDeadlock }
    guard kinds.contains(where: { $0 == .lock || $0 == .threadLock || $0 == .semaphore }) else {
      // Where each waits for the other's turn, turns are what locks are.
      return kinds.isSubset(of: [.actor]) ? .lockCycle : .loopSelfWait
    }
    return cause.nodes.contains { node in
      guard case .resource(let index, _) = nodes[node] else { return false }
      return world.resources[index].holds.contains { hold in
        hold.executor.map(actors.contains) == true
          && world.parties[hold.party].turn?.primitive?.resource == hold.executor
      }
    } ? .suspendedHolder : .lockCycle
  }

  /// What tells most of several waits: nobody waits for room, or at a barrier, for want of work.
  private static let telling: [Operation] = [
    .queuePut, .barrierWait, .conditionWait, .eventWait, .queueGet,
  ]

  /// The wait of the cause that the main task is in, or is kept by.
  private func leadingWait(of cause: Cause) -> Wait? {
    let resources = Set(
      cause.nodes.compactMap { node -> Int? in
        if case .resource(let index, _) = nodes[node] { index } else { nil }
      })
    for slot in world.threadSlots {
      var seen: Set<Int> = []
      var next = world.threads[slot]!.loops.first?.mainTask
      while let party = next, seen.insert(party).inserted, let wait = world.parties[party].wait {
        if let resource = wait.primitive?.resource, resources.contains(resource) {
          guard wait.primitive?.operation == .group, let member = unfinished(resource) else {
            return wait
          }
          next = member
          continue
        }
        switch wait.future {
        case .party(let task): next = task
        case .resource(let future):
          guard world.resources[future].members.contains(where: { !world.isDone($0) }) else {
            return resources.contains(future) ? wait : nil
          }
          next = unfinished(future)
        case nil: next = nil
        }
      }
    }
    return nil
  }

  /// The first task of a group that has not ended.
  private func unfinished(_ group: Int) -> Int? {
    world.resources[group].members.lazy.compactMap { member -> Int? in
      guard case .party(let task) = member, !world.isDone(member) else { return nil }
      return task
    }.first
  }

  /// Whether something in the cause could go on, were the thread of its loop not blocked.
  private func needsBlockedLoop(_ cause: Cause) -> Bool {
    let own = Set(cause.nodes)
    return cause.nodes.contains { node in
      targets(of: node).contains { target in
        guard case .thread(let slot) = nodes[target], own.contains(target),
          let thread = world.threads[slot], !thread.loops.isEmpty
        else { return false }
        switch nodes[node] {
        case .party(let index): return world.parties[index].kind == .task && thread.actor != index
        case .resource: return true
        case .thread, .executor, .descriptor, .outside, .anything: return false
        }
      }
    }
  }

  private func leafKind(_ cause: Cause) -> FindingKind {
    switch nodes[cause.nodes[0]] {
    case .thread: return .blockedLoop
    case .executor(let index):
      return world.resources[index].kind == .actor ? .blockedLoop : .poolStarvation
    case .party(let index) where unheard.contains(index): return .wrongThreadWakeup
    case .party, .descriptor, .outside, .anything: return .orphanedFuture
    case .resource(let index, let operation):
      let resource = world.resources[index]
      if !cause.isStructural, keepsLoop(waitingFor: index) { return .loopSelfWait }
      switch resource.kind {
      case .lock: return resource.holds.isEmpty ? .strandedWaiter : .abandonedLock
      // Somebody may hold it of whom the trace does not know.
      case .threadLock: return resource.holds.isEmpty ? .orphanedFuture : .abandonedLock
      // One that began with no permits only passes signals on.
      case .semaphore:
        let isSignal = resource.capacity == 0 || resource.hasForeignRelease
        return resource.holds.isEmpty && isSignal ? .orphanedFuture : .leakedPermit
      case .group where isBlockedOn(index): return .unfinishedJoin
      case .queue where operation == .queueGet && isLeaked(resource),
        .condition where isLeaked(resource):
        return .leakedPermit
      case .concurrentFuture:
        let blocked = waiters[index, default: []].contains {
          world.threads[world.parties[$0].thread]?.loops.isEmpty == false
        }
        return blocked ? .loopSelfWait : .orphanedFuture
      case .process: return .pipeCycle
      case .event, .condition, .barrier, .queue, .group, .stream, .executor, .thread, .actor,
        .future:
        return signalKind(operation, resource: resource)
      }
    }
  }

  /// Whether nobody is left who holds a permit.
  private func isLeaked(_ resource: ResourceRecord) -> Bool {
    !resource.holds.isEmpty && resource.holds.allSatisfy { world.parties[$0.party].isEnded }
  }

  private func signalKind(_ operation: Operation?, resource: ResourceRecord?) -> FindingKind {
    switch operation {
    case .queueGet: .queueNoProducer
    case .queuePut: .queueNoConsumer
    case .queueJoin: .unfinishedJoin
    case .barrierWait: .shortBarrier
    case .conditionWait: .lostWakeup
    // An event that was set and cleared before anybody saw it.
    case .eventWait: resource?.signalled == nil ? .orphanedFuture : .lostWakeup
    case .acquire, .sleep, .group, .read, .drain, .accept, .connect, .process, .result, .join,
      .exit, nil:
      .orphanedFuture
    }
  }
}
