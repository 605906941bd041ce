import TraceFormat

/// Requests to end, as asyncio treats them: who waits gets it at the wait, anybody else with its next turn; a wake-up
/// that has come already is passed on; what was taken for the time of a block of code is given back.
extension Simulation {
  /// A request goes through an await to the one that is awaited. Conditions, futures and groups are left alone.
  mutating func cancel(_ party: Int) {
    guard cancels, !state.hasEnded(party), !state.parties[party].isCancelled else { return }
    let isWaiting = state.parties[party].mode == .waiting
    // Who keeps the loop's thread does not hear of it before its next wait.
    if isBlocking(party) { return }
    switch step(of: party) {
    case .awaitTask(let other) where isWaiting && host(of: other) == .job: return
    case .awaitTask(let other) where isWaiting:
      // Of a circle nobody would ever get it.
      guard !awaits(other, party) else { return }
      tale?.cancel(party)
      return cancel(other)
    case .awaitCondition, .awaitFuture, .gather: return
    default: break
    }
    tale?.cancel(party)
    state.parties[party].isCancelled = true
    guard isWaiting else { return }
    state.parties[party].isBrokenOff = true
    state.parties[party].mode = .woken
    tale?.breakOff(waitOf: party)
  }

  /// Whether one waits for another's end, if over others.
  private func awaits(_ party: Int, _ end: Int) -> Bool {
    var next = party
    for _ in state.parties {
      guard state.parties[next].mode == .waiting, case .awaitTask(let other)? = step(of: next)
      else { return false }
      if other == end { return true }
      next = other
    }
    return true
  }

  mutating func endCancelled(_ party: Int) {
    leaveWait(party)
    for step in programs[party].dropFirst(state.parties[party].place) {
      switch step {
      case .release(let lock): _ = release(lock, party)
      case .give(let semaphore) where state.semaphores[semaphore].holders.contains(party):
        _ = give(semaphore, party)
      case .unlock(let mutex): _ = unlock(mutex, party)
      case .up(let token) where state.tokens[token].holders.contains(party): _ = up(token, party)
      default: break
      }
    }
    end(party, .cancelled)
  }

  private mutating func leaveWait(_ party: Int) {
    let wasWoken = !state.parties[party].isBrokenOff && state.parties[party].mode == .woken
    switch step(of: party) {
    case .acquire(let lock):
      state.locks[lock].waiters.removeAll { $0 == party }
      if state.locks[lock].holder == nil { wakeAcquirer(lock) }
    case .take(let semaphore):
      state.semaphores[semaphore].waiters.removeAll { $0 == party }
      if wasWoken { state.semaphores[semaphore].free += 1 }
      wakeTaker(semaphore)
    case .awaitEvent(let event): state.events[event].waiters.removeAll { $0 == party }
    case .get(let queue):
      state.queues[queue].getters.removeAll { $0 == party }
      if wasWoken, state.queues[queue].items > 0 { wakeGetter(queue) }
    case .put(let queue):
      state.queues[queue].putters.removeAll { $0 == party }
      let room = blueprint.rooms[queue]
      if wasWoken, room == 0 || state.queues[queue].items < room { wakePutter(queue) }
    case .join(let queue): state.queues[queue].joiners.removeAll { $0 == party }
    default: break
    }
  }
}
