/// Who could ever go on if nothing were known of what the parties are going to do: whoever has a turn may do
/// anything that is theirs to do. That is what a trace can tell at an instant; what comes after is not in it.
///
/// Whoever goes on may give back all that it took, so going on never takes anything from the others, and the
/// parties can be added one by one.
struct FreeWill {
  let simulation: Simulation
  private var state: Situation { simulation.state }

  func movers() -> UInt64 {
    var free = Set(simulation.runnable())
    while let next = (0...state.parties.count).first(where: {
      !free.contains($0) && canGoOn($0, by: free)
    }) {
      free.insert(next)
    }
    return free.reduce(0) { $0 | 1 << UInt64($1) }
  }

  private func canGoOn(_ party: Int, by free: Set<Int>) -> Bool {
    guard party < state.parties.count else {
      return !state.callbacks.isEmpty && simulation.blocker.map(free.contains) ?? true
    }
    guard simulation.hasThread(party) || simulation.hosts(of: party).contains(where: free.contains)
    else { return false }
    switch state.parties[party].mode {
    case .ready, .woken: return true
    case .waiting: return canEnd(waitOf: party, by: free)
    case .ended: return false
    }
  }

  private func canEnd(waitOf party: Int, by free: Set<Int>) -> Bool {
    switch simulation.step(of: party)! {
    case .acquire(let lock): return isPassedOn(lock, by: free)
    case .awaitCondition(let lock):
      return state.parties[party].isBackFromCondition
        ? isPassedOn(lock, by: free) : !free.isEmpty
    case .take(let index):
      let semaphore = state.semaphores[index]
      if semaphore.isSent || !semaphore.isReturned, !free.isEmpty { return true }
      return semaphore.holders.contains { free.contains($0) }
        || semaphore.waiters.contains {
          state.parties[$0].mode == .woken && !state.parties[$0].isBrokenOff
        }
    case .awaitTask(let other): return free.contains(other)
    case .gather:
      return state.parties.indices.allSatisfy {
        $0 == party || state.hasEnded($0) || free.contains($0) || simulation.host(of: $0) == .thread
      }
    case .lock(let mutex): return state.mutexes[mutex].map(free.contains) ?? true
    case .result(let other):
      // The loop tells of the ends of its tasks.
      return simulation.isFree(party) || free.contains(other)
        || free.contains(state.parties.count) && state.hasEnded(other)
    case .awaitSignal(let mutex) where state.parties[party].isBackFromCondition:
      return state.mutexes[mutex].map(free.contains) ?? true
    case .down(let index):
      let token = state.tokens[index]
      if token.free > 0 || (token.isSent || !token.isReturned) && !free.isEmpty { return true }
      return token.holders.contains { free.contains($0) }
    case .awaitFlag, .store, .fetch, .awaitSignal: return !free.isEmpty
    case .awaitEvent, .put, .get, .join, .awaitFuture: return !free.isEmpty
    case .release, .give, .set, .clear, .taskDone, .notify, .resolve, .cancel, .sleep, .unlock,
      .raise, .up, .signal:
      return true
    }
  }

  private func isPassedOn(_ index: Int, by free: Set<Int>) -> Bool {
    let lock = state.locks[index]
    if let holder = lock.holder, free.contains(holder) { return true }
    return lock.waiters.contains {
      state.parties[$0].mode == .woken && (lock.holder == nil || !state.parties[$0].isBrokenOff)
    }
  }

  /// Whether all waits of the world go by who holds, or ends, what is waited for. In the others the
  /// analysis goes by habits as well.
  var isBound: Bool {
    state.parties.indices.allSatisfy { party in
      guard state.parties[party].mode == .waiting else { return true }
      switch simulation.step(of: party)! {
      case .put, .join, .store: return false
      default: return true
      }
    }
  }
}
