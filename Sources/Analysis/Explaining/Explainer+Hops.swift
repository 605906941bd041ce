import Findings
import History
import OrderedCollections
import TraceFormat

/// Who waits for what, and who would provide it.
extension Explainer {
  /// One hop of the chain: a party, what it waits for, and who would provide it.
  struct Hop: Hashable {
    var party: Int
    var resource: Int?
    var provider: Int?
    /// It could go on, but for the thread that it runs on.
    var needsThread = false
  }

  /// The waiting parties of a cause with what they wait for: in a cycle in its order.
  func hops(of cause: Cause, _ kind: FindingKind) -> [Hop] {
    if let task = cause.ignored {
      let resource = wait(of: task)?.primitive?.resource
      return model.waiters(ofTheEndOf: task).map { Hop(party: $0, provider: task) }
        + [Hop(party: task, resource: resource)]
    }
    if let gate = cause.gate {
      let holder = world.resources[gate.resource].holds.first?.party
      return direct(cause).map { Hop(party: $0.party, resource: $0.resource, provider: gate.party) }
        + [Hop(party: gate.party, resource: gate.resource, provider: holder)]
    }
    // What others did before is no bond: the cause is then the wait itself, not the circle.
    if !cause.isClosed || cause.isStructural && cause.isCycle && !cause.isRing(kind) {
      if let knot = knot(cause) { return direct(cause) + knot.hops }
      return waits(cause, kind)
    }
    let ring = ring(cause, kind)
    // One that could have served itself is as stuck as all that wait with it.
    return (ring.count == 1 || cause.isProved) && kind.isLackOfSignal ? waits(cause, kind) : ring
  }

  /// Those that wait for a group with the cause's resource in it, where nobody waits for that alone.
  private func waitsForGroups(_ cause: Cause) -> [Hop] {
    cause.nodes.flatMap { node -> [Hop] in
      guard case .resource(let index, _) = model.nodes[node] else { return [] }
      return cause.behind.compactMap { party in
        guard case .resource(let group)? = wait(of: party)?.future,
          world.resources[group].members.contains(.resource(index))
        else { return nil }
        return Hop(party: party, resource: index)
      }
    }
  }

  /// The waits that a kind is about, of those in a cause.
  private func waits(_ cause: Cause, _ kind: FindingKind) -> [Hop] {
    let all = direct(cause).sorted { one, other in
      (wait(of: one.party)?.since ?? .start, one.party)
        < (wait(of: other.party)?.since ?? .start, other.party)
    }
    if all.isEmpty { return waitsForGroups(cause) }
    let own = all.filter { hop in
      guard let resource = hop.resource else { return false }
      return world.resources[resource].members.isEmpty && isAbout(kind, operation(of: hop.party))
    }
    return own.isEmpty ? all : own
  }

  private func isRetried(_ node: Int, _ cause: Cause) -> Bool {
    cause.retries.map { model.nodes[node] == .party($0.task) } ?? false
  }

  /// The hops of a circle in its order; of a cause without one, its waits.
  private func ring(_ cause: Cause, _ kind: FindingKind) -> [Hop] {
    guard cause.isCycle,
      let start = cause.nodes.first(where: waitsForOutside)
        ?? cause.nodes.first(where: { kind == .permitExhaustion && waitsForPermit($0) })
        ?? cause.nodes.first(where: { isRetried($0, cause) })
        ?? cause.nodes.first(where: isPartyNode)
    else {
      return direct(cause)
    }
    let path = model.cycle(from: start, within: cause)
    // Who could act at the other end of a pipe is not who is meant to; a thread may wait on behalf of a task.
    if kind == .pipeCycle {
      let waiting = partyNodes(cause).filter { operation(of: $0).isForOutside }
      if let process = processes(cause).first {
        if !waiting.isEmpty, !path.contains(where: isProcess) || path.contains(where: isOwnThread) {
          return waiting.map { Hop(party: $0, resource: process) }
        }
      } else {
        return waiting.indices.map { place in
          Hop(
            party: waiting[place], resource: wait(of: waiting[place])?.primitive?.resource,
            provider: waiting[(place + 1) % waiting.count])
        }
      }
    }
    var hops: [Hop] = []
    for node in path {
      switch model.nodes[node] {
      case .party(let index) where world.parties[index].kind == .thread: continue
      case .party(let index):
        if !hops.isEmpty { hops[hops.count - 1].provider = index }
        hops.append(Hop(party: index))
      case .thread(let slot):
        guard let thread = world.threads[slot], hops.last?.party != thread.actor else { continue }
        if !hops.isEmpty {
          let last = hops.count - 1
          hops[last].needsThread = hops[last].resource == nil && hops[last].party != thread.actor
          if hops[last].party != thread.actor { hops[last].provider = thread.actor }
        }
        hops.append(Hop(party: thread.actor))
      case .resource(let index, _): if !hops.isEmpty { hops[hops.count - 1].resource = index }
      case .executor(let index): if !hops.isEmpty { hops[hops.count - 1].resource = index }
      case .descriptor, .outside, .anything: break
      }
    }
    guard let first = hops.first else { return direct(cause) }
    // A thread that a task runs on stands for that task.
    if hops.count > 1, hops.last!.party == first.party, hops.last!.resource == nil {
      hops.removeLast()
    }
    hops[hops.count - 1].provider = hops[0].party
    hops.removeAll { $0.resource == nil && $0.provider == $0.party }
    return hops.isEmpty ? direct(cause) : hops
  }

  /// Whether a wait for this operation is what the kind is about.
  func isAbout(_ kind: FindingKind, _ operation: Operation?) -> Bool {
    switch kind {
    case .queueNoProducer: operation == .queueGet
    case .queueNoConsumer: operation == .queuePut
    case .unfinishedJoin: operation == .queueJoin
    case .shortBarrier: operation == .barrierWait
    case .lostWakeup: operation == .conditionWait || operation == .eventWait
    case .permitExhaustion: operation == .acquire || operation == .queueGet
    case .orphanedFuture: operation == nil || operation == .eventWait || operation == .acquire
    case .lockCycle, .awaitCycle, .pipeCycle, .selfDeadlock, .abandonedLock,
      .leakedPermit, .blockedLoop, .loopSelfWait, .poolStarvation,
      .suspendedHolder, .strandedWaiter, .ignoredCancel, .exitBlocked, .wrongThreadWakeup,
      .externalWait, .swallowedException,
      .neverAwaited,
      .slowCallback, .transientDeadlock, .destroyedPending, .lockOrderInversion, .nearExhaustion,
      .longHold:
      true
    }
  }

  /// Whether a node is a task or job that waits for a child process, or at a connection.
  private func waitsForOutside(_ node: Int) -> Bool {
    let party: Int
    switch model.nodes[node] {
    case .party(let index): party = index
    case .thread(let slot): party = world.threads[slot]!.actor
    case .resource, .executor, .descriptor, .outside, .anything: return false
    }
    return world.parties[party].kind != .thread && operation(of: party).isForOutside
  }

  /// Whether a node is a task or job that waits for what others hold.
  private func waitsForPermit(_ node: Int) -> Bool {
    guard case .party(let party) = model.nodes[node],
      let resource = wait(of: party)?.primitive?.resource
    else { return false }
    return !world.resources[resource].holds.isEmpty
      && isAbout(.permitExhaustion, operation(of: party))
  }

  private func isOwnThread(_ node: Int) -> Bool {
    guard case .thread(let slot) = model.nodes[node], let thread = world.threads[slot] else {
      return false
    }
    return thread.actor == thread.party
  }

  /// The child processes that a cause is about.
  func processes(_ cause: Cause) -> [Int] {
    allResources(cause).filter { world.resources[$0].kind == .process }
  }

  private func isProcess(_ node: Int) -> Bool {
    guard case .resource(let index, _) = model.nodes[node] else { return false }
    return world.resources[index].kind == .process
  }

  func partyNodes(_ cause: Cause) -> [Int] {
    cause.nodes.compactMap { node in
      if case .party(let index) = model.nodes[node], world.parties[index].kind != .thread {
        index
      } else {
        nil
      }
    }
  }

  func isPartyNode(_ node: Int) -> Bool {
    switch model.nodes[node] {
    case .party(let index): world.parties[index].kind != .thread
    case .thread: true
    case .resource, .executor, .descriptor, .outside, .anything: false
    }
  }

  /// The parties that wait directly for the resource of a cause without a cycle.
  func direct(_ cause: Cause) -> [Hop] {
    var hops: [Hop] = []
    for node in cause.nodes {
      switch model.nodes[node] {
      case .party(let index): hops.append(Hop(party: index))
      case .thread(let slot):
        if let thread = world.threads[slot] { hops.append(Hop(party: thread.actor)) }
      case .resource(let index, let operation):
        for waiter in model.waiters[index, default: []]
        where operation == nil || self.operation(of: waiter) == operation {
          let holder = world.resources[index].holds.first?.party
          hops.append(Hop(party: waiter, resource: index, provider: holder))
        }
      case .executor, .descriptor, .outside, .anything: break
      }
    }
    return hops
  }

  func operation(of party: Int) -> Operation? { wait(of: party)?.primitive?.operation }

  /// The wait that a party is in, asynchronous or on its thread.
  func wait(of party: Int) -> Wait? {
    if let wait = world.parties[party].wait ?? world.parties[party].turn { return wait }
    guard let thread = world.threads[world.parties[party].thread], thread.actor == party else {
      return nil
    }
    return thread.block ?? model.standingWait(of: world.parties[party].thread)
  }
}

extension Operation? {
  /// Whether it is for something that other processes or peers do.
  fileprivate var isForOutside: Bool {
    switch self {
    case .read, .drain, .connect, .process: true
    case .acquire, .eventWait, .conditionWait, .queueGet, .queuePut, .queueJoin, .barrierWait,
      .sleep, .group, .accept, .result, .join, .exit, nil:
      false
    }
  }
}
