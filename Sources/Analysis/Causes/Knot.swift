import Findings
import History
import TraceFormat

/// A wait whose end nobody in particular is bound to give, behind which everything waits that could: the
/// circle is closed all the same.
struct Knot {
  var kind: FindingKind
  /// Those behind the wait that close the circle.
  var hops: [Explainer.Hop]
}

extension Explainer {
  /// What closes the circle of a cause that is not closed by itself.
  func knot(_ cause: Cause) -> Knot? {
    guard !cause.isClosed, let waiter = direct(cause).first?.party else { return nil }
    return blockedLoop(behind: cause, waiter) ?? starvedPool(behind: cause, waiter)
      ?? keptTurn(behind: cause, waiter) ?? heldMeanwhile(behind: cause, waiter)
  }

  /// A loop whose thread blocks until the waiter has ended: the loop's own work can end nothing any more.
  private func blockedLoop(behind cause: Cause, _ waiter: Int) -> Knot? {
    for slot in world.threadSlots {
      let thread = world.threads[slot]!
      guard !thread.loops.isEmpty, let block = thread.block, thread.actor != waiter,
        cause.behind.contains(thread.actor)
      else { continue }
      let hop = Hop(party: thread.actor, resource: block.primitive?.resource, provider: waiter)
      return Knot(kind: .loopSelfWait, hops: [hop])
    }
    return nil
  }

  /// Tasks that wait for a turn of what the waiter keeps occupied while it blocks its thread: its actor, or
  /// the pool that runs it and others like it.
  private func keptTurn(behind cause: Cause, _ waiter: Int) -> Knot? {
    guard model.isRunning(waiter) || world.parties[waiter].kind == .thread else { return nil }
    let queued = cause.behind.filter { $0 != waiter && model.turn(of: $0) != nil }
    let byExecutor = Dictionary(grouping: queued) { model.turn(of: $0)?.executor }
    let executors = byExecutor.keys.compactMap { $0 }.sorted()
      .filter { model.occupants(of: $0).contains(waiter) || runsOnThread(waiter, of: $0) }
    // A pool that has run dry is told rather than one of its actors.
    guard
      let executor = executors.first(where: { world.resources[$0].kind == .executor })
        ?? executors.first
    else { return nil }
    return Knot(
      kind: world.resources[executor].kind == .executor ? .poolStarvation : .loopSelfWait,
      hops: byExecutor[executor]!.map { Hop(party: $0, resource: executor, provider: waiter) })
  }

  /// Those that wait for a lock which the waiter holds while its thread is blocked for a signal: who else
  /// should send it?
  private func heldMeanwhile(behind cause: Cause, _ waiter: Int) -> Knot? {
    guard world.threads[world.parties[waiter].thread]?.block != nil,
      direct(cause).allSatisfy({ $0.resource.map { world.resources[$0].kind } == .semaphore })
    else { return nil }
    let hops = cause.behind.compactMap { party -> Hop? in
      guard let (resource, _) = wait(of: party)?.primitive, let resource,
        world.resources[resource].holds.contains(where: { $0.party == waiter })
      else { return nil }
      return Hop(party: party, resource: resource, provider: waiter)
    }
    return hops.isEmpty ? nil : Knot(kind: .lockCycle, hops: hops)
  }

  private func runsOnThread(_ party: Int, of executor: Int) -> Bool {
    model.thread(of: executor).map { world.threads[$0]?.actor == party } ?? false
  }

  /// A job that is queued for the worker that waits, and that somebody waits for.
  private func starvedPool(behind cause: Cause, _ waiter: Int) -> Knot? {
    guard let pool = world.parties[waiter].executor else { return nil }
    let queued = cause.behind.filter { party in
      guard case .ready = world.parties[party].state else { return false }
      return world.parties[party].kind == .job && world.parties[party].executor == pool
    }
    let hops = queued.flatMap { job -> [Hop] in
      var entities: Set<Entity> = [.party(job)]
      if let future = world.livingResource(world.parties[job].number) {
        entities.insert(.resource(future))
      }
      return model.waiters(onAnyOf: entities).map {
        Hop(party: $0, resource: pool, provider: waiter)
      }
    }
    return hops.isEmpty ? nil : Knot(kind: .poolStarvation, hops: hops)
  }
}

extension WaitModel {
  /// Parties that wait for one of these, or for what depends on one.
  func waiters(onAnyOf entities: Set<Entity>) -> [Int] {
    waiters.keys.sorted().flatMap { index -> [Int] in
      let resource = world.resources[index]
      let isMeant =
        entities.contains(.resource(index)) || !entities.isDisjoint(with: resource.members)
      return isMeant ? waiters[index]! : []
    }
  }
}
