import TraceFormat

/// Runs a small world as an event loop runs tasks: one step of one party at a time, in any order. Waits are
/// first come, first served, and wake-ups go through the scheduler, as in asyncio.
struct Simulation {
  let blueprint: Blueprint
  let programs: [[Step]]
  var state: Situation
  /// What a recorder would have written meanwhile.
  var tale: Tale?
  /// Whether those that ask others to end are heard.
  var cancels = true

  init(_ blueprint: Blueprint, _ state: Situation, tale: Tale? = nil) {
    self.blueprint = blueprint
    programs = blueprint.all
    self.state = state
    self.tale = tale
  }

  func step(of party: Int) -> Step? {
    let place = state.parties[party].place
    return place < programs[party].count ? programs[party][place] : nil
  }

  /// Those that a scheduler could let go on; the number after the last party is the loop with what it was given to do.
  func runnable() -> [Int] {
    let parties = state.parties.indices.filter { party in
      guard isHosted(party) else { return false }
      switch state.parties[party].mode {
      case .ready, .woken: return true
      case .waiting:
        return step(of: party) == .sleep || state.parties[party].isBlocking && isFree(party)
      case .ended: return false
      }
    }
    return state.callbacks.isEmpty || blocker != nil ? parties : parties + [state.parties.count]
  }

  /// A party has its turn: it takes one step, or finds that it has to wait, or goes on after a wait.
  mutating func run(_ party: Int) {
    guard party < state.parties.count else { return runCallback() }
    begin(turnOf: party)
    if state.parties[party].isCancelled { return endCancelled(party) }
    guard let step = step(of: party) else { return end(party, .value) }
    let wasWoken = state.parties[party].mode != .ready
    if step == .sleep, wasWoken, host(of: party) == .task { tale?.resolve(waitOf: party) }
    state.parties[party].mode = .ready
    switch wasWoken ? resume(step, party) : begin(step, party) {
    case .done:
      state.parties[party].place += 1
      if state.parties[party].place == programs[party].count {
        end(party, .value)
      } else if host(of: party) == .task {
        tale?.yield(party)
      }
    case .waits: state.parties[party].mode = .waiting
    case .failed: end(party, .error)
    }
  }

  enum Result { case done, waits, failed }

  mutating func end(_ party: Int, _ outcome: Outcome) {
    state.parties[party].mode = .ended(failed: outcome != .value)
    state.parties[party].isCancelled = false
    state.parties[party].isBrokenOff = false
    tellEnd(of: party, outcome)
    for other in state.parties.indices where state.parties[other].mode == .waiting {
      switch step(of: other) {
      case .awaitTask(party): state.parties[other].mode = .woken
      case .gather where isGathered(by: other):
        if host(of: party) == .task { tale?.gathered() } else { tale?.gatherLater() }
        state.parties[other].mode = .woken
      default: break
      }
    }
  }

  private func isGathered(by party: Int) -> Bool {
    state.parties.indices.allSatisfy {
      $0 == party || state.hasEnded($0) || host(of: $0) == .thread
    }
  }

  private func isWaiting(_ party: Int) -> Bool { state.parties[party].mode == .waiting }

  mutating func wake(_ party: Int) {
    state.parties[party].mode = .woken
    tale?.resolve(waitOf: party)
  }

  // MARK: Steps

  private mutating func begin(_ step: Step, _ party: Int) -> Result {
    switch step {
    case .acquire(let lock): return acquire(lock, party)
    case .release(let lock): return release(lock, party) ? .done : .failed
    case .take(let semaphore): return take(semaphore, party)
    case .give(let semaphore): return give(semaphore, party)
    case .awaitEvent(let event):
      if state.events[event].isSet { return .done }
      state.events[event].waiters.append(party)
      tale?.wait(party, for: .event(event), .eventWait)
      return .waits
    case .set(let event):
      tale?.set(event)
      state.events[event].isSet = true
      for waiter in state.events[event].waiters where isWaiting(waiter) { wake(waiter) }
      state.events[event].waiters = []
    case .clear(let event):
      if state.events[event].isSet { tale?.clear(event) }
      state.events[event].isSet = false
    case .put(let queue): return put(queue, party)
    case .get(let queue): return get(queue, party)
    case .taskDone(let queue): return taskDone(queue)
    case .join(let queue):
      if state.queues[queue].unfinished == 0 { return .done }
      state.queues[queue].joiners.append(party)
      tale?.wait(party, for: .queue(queue), .queueJoin)
      return .waits
    case .awaitCondition(let lock):
      guard release(lock, party) else { return .failed }
      state.locks[lock].sleepers.append(party)
      tale?.wait(party, for: .condition(lock), .conditionWait)
      return .waits
    case .notify(let lock):
      guard state.locks[lock].holder == party else { return .failed }
      tale?.notify(lock, waiters: state.locks[lock].sleepers.count)
      if !state.locks[lock].sleepers.isEmpty { wake(state.locks[lock].sleepers.removeFirst()) }
    case .awaitFuture(let future):
      if state.futures[future].isSet { return .done }
      state.futures[future].waiters.append(party)
      tale?.wait(party, forFuture: future)
      return .waits
    case .resolve(let future):
      guard host(of: party) == .task else {
        call(.resolve(future))
        return .done
      }
      guard !state.futures[future].isSet else { return .failed }
      resolve(future)
    case .awaitTask(let other):
      if case .ended(let failed) = state.parties[other].mode { return failed ? .failed : .done }
      if host(of: other) == .job {
        tale?.wait(party, forJob: other)
      } else {
        tale?.wait(party, forTask: other)
      }
      return .waits
    case .cancel(let other): cancel(other)
    case .gather:
      if isGathered(by: party) { return .done }
      let others = state.parties.indices.filter { $0 != party && host(of: $0) != .thread }
      tale?.waitForAll(party, others: others)
      return .waits
    case .sleep:
      if host(of: party) == .task { tale?.sleep(party) }
      return .waits
    case .lock, .awaitFlag, .store, .fetch, .result, .down:
      guard isFree(party) else {
        block(party)
        return .waits
      }
      return pass(step, party, hasWaited: false)
    case .unlock(let mutex): return unlock(mutex, party) ? .done : .failed
    case .raise(let flag):
      tale?.raise(flag)
      state.flags[flag] = true
    case .up(let token): return up(token, party) ? .done : .failed
    case .awaitSignal(let mutex):
      guard unlock(mutex, party) else { return .failed }
      state.listeners[mutex].append(party)
      block(party)
      return .waits
    case .signal(let mutex): return signal(mutex, party) ? .done : .failed
    }
    return .done
  }

  /// Goes on after the wait in a step.
  private mutating func resume(_ step: Step, _ party: Int) -> Result {
    switch step {
    case .acquire(let lock):
      state.locks[lock].waiters.removeAll { $0 == party }
      hold(lock, party)
    case .take(let semaphore):
      state.semaphores[semaphore].waiters.removeAll { $0 == party }
      state.semaphores[semaphore].holders.append(party)
      tale?.took(semaphore)
      wakeTaker(semaphore)
    case .put(let queue): return put(queue, party)
    case .get(let queue): return get(queue, party)
    case .awaitCondition(let lock):
      if state.parties[party].isBackFromCondition {
        state.locks[lock].waiters.removeAll { $0 == party }
        hold(lock, party)
      } else if acquire(lock, party) == .waits {
        state.parties[party].isBackFromCondition = true
        return .waits
      }
      state.parties[party].isBackFromCondition = false
    case .awaitTask(let other):
      return state.parties[other].mode == .ended(failed: true) ? .failed : .done
    case .awaitEvent, .join, .awaitFuture, .gather, .sleep: break
    case .lock, .awaitFlag, .store, .fetch, .result, .down:
      return pass(step, party, hasWaited: true)
    case .awaitSignal(let mutex): return lockAgain(mutex, party)
    case .release, .give, .set, .clear, .taskDone, .notify, .resolve, .cancel, .unlock, .raise, .up,
      .signal:
      preconditionFailure("\(step) never waits")
    }
    return .done
  }

  private mutating func acquire(_ lock: Int, _ party: Int) -> Result {
    if state.locks[lock].holder == nil, state.locks[lock].waiters.isEmpty {
      hold(lock, party)
      return .done
    }
    state.locks[lock].waiters.append(party)
    tale?.wait(party, for: .lock(lock), .acquire)
    return .waits
  }

  private mutating func hold(_ lock: Int, _ party: Int) {
    state.locks[lock].holder = party
    tale?.acquired(lock)
  }

  /// Only who has it: asyncio would let anybody, and that is what semaphores are for.
  mutating func release(_ lock: Int, _ party: Int) -> Bool {
    guard state.locks[lock].holder == party else { return false }
    state.locks[lock].holder = nil
    tale?.released(lock)
    wakeAcquirer(lock)
    return true
  }

  mutating func wakeAcquirer(_ lock: Int) {
    if let first = state.locks[lock].waiters.first, state.parties[first].mode == .waiting {
      wake(first)
    }
  }

  private mutating func take(_ index: Int, _ party: Int) -> Result {
    if state.semaphores[index].free > 0, state.semaphores[index].waiters.isEmpty {
      state.semaphores[index].free -= 1
      state.semaphores[index].holders.append(party)
      tale?.took(index)
      return .done
    }
    state.semaphores[index].waiters.append(party)
    tale?.wait(party, for: .semaphore(index), .acquire)
    return .waits
  }

  mutating func give(_ index: Int, _ party: Int) -> Result {
    let own = state.semaphores[index].holders.lastIndex(of: party)
    guard (own == nil) == blueprint.signals.contains(index) else { return .failed }
    if let own {
      state.semaphores[index].holders.remove(at: own)
      state.semaphores[index].isReturned = true
    } else {
      state.semaphores[index].isSent = true
    }
    state.semaphores[index].free += 1
    tale?.gave(index)
    wakeTaker(index)
    return .done
  }

  /// A free permit goes to the first who waits for one and has not been woken.
  mutating func wakeTaker(_ index: Int) {
    guard state.semaphores[index].free > 0,
      let next = state.semaphores[index].waiters.first(where: {
        state.parties[$0].mode == .waiting
      })
    else { return }
    state.semaphores[index].free -= 1
    wake(next)
  }

  private mutating func put(_ index: Int, _ party: Int) -> Result {
    let room = blueprint.rooms[index]
    if room > 0, state.queues[index].items >= room {
      state.queues[index].putters.append(party)
      tale?.wait(party, for: .queue(index), .queuePut)
      return .waits
    }
    state.queues[index].items += 1
    state.queues[index].unfinished += 1
    wakeGetter(index)
    tale?.put(index, items: state.queues[index].items)
    return .done
  }

  private mutating func get(_ index: Int, _ party: Int) -> Result {
    if state.queues[index].items == 0 {
      state.queues[index].getters.append(party)
      tale?.wait(party, for: .queue(index), .queueGet)
      return .waits
    }
    state.queues[index].items -= 1
    state.queues[index].takers.insert(party)
    wakePutter(index)
    tale?.got(index, items: state.queues[index].items)
    return .done
  }

  /// The first one whose wait nobody has broken off.
  mutating func wakeGetter(_ index: Int) {
    while !state.queues[index].getters.isEmpty {
      let first = state.queues[index].getters.removeFirst()
      if state.parties[first].mode == .waiting { return wake(first) }
    }
  }

  mutating func wakePutter(_ index: Int) {
    while !state.queues[index].putters.isEmpty {
      let first = state.queues[index].putters.removeFirst()
      if state.parties[first].mode == .waiting { return wake(first) }
    }
  }

  private mutating func taskDone(_ index: Int) -> Result {
    guard state.queues[index].unfinished > 0 else { return .failed }
    state.queues[index].unfinished -= 1
    if state.queues[index].unfinished == 0 {
      for joiner in state.queues[index].joiners where isWaiting(joiner) { wake(joiner) }
      state.queues[index].joiners = []
    }
    tale?.taskDone(index, unfinished: state.queues[index].unfinished)
    return .done
  }
}
