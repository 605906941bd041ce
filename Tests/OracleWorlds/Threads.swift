import TraceFormat

/// Threads beside the loop, and a pool of them: who waits there waits with its thread, and with all that runs on
/// it. Locks are not handed over: whoever comes when one is free has it.
extension Simulation {
  func host(of party: Int) -> Host { blueprint.host(of: party) }

  /// The task that keeps the loop's thread.
  var blocker: Int? { state.parties.indices.first { host(of: $0) == .task && isBlocking($0) } }

  func isBlocking(_ party: Int) -> Bool { state.parties[party].isBlocking }

  /// Whether it is its turn, once there is a thread for it: the pool takes its jobs in their order.
  func isHosted(_ party: Int) -> Bool {
    hasThread(party)
      && (host(of: party) != .job || state.parties[party].hasBegun || party == nextJob)
  }

  /// Whether there is a thread for its next turn.
  func hasThread(_ party: Int) -> Bool {
    switch host(of: party) {
    case .task: blocker.map { $0 == party } ?? true
    case .thread: true
    case .job: state.parties[party].hasBegun || runningJobs.count < blueprint.workers
    }
  }

  /// Those of which one has to go on before there is a thread for it.
  func hosts(of party: Int) -> [Int] {
    switch host(of: party) {
    case .task: [blocker].compactMap { $0 }
    case .thread: []
    case .job: runningJobs
    }
  }

  private var nextJob: Int? {
    state.parties.indices.first { host(of: $0) == .job && !state.parties[$0].hasBegun }
  }
  private var runningJobs: [Int] {
    state.parties.indices.filter { state.parties[$0].hasBegun && !state.hasEnded($0) }
  }

  /// Whether a party does not have to wait in its next step, or not any more.
  func isFree(_ party: Int) -> Bool {
    switch step(of: party) {
    case .lock(let mutex): state.mutexes[mutex] == nil
    case .awaitFlag(let flag): state.flags[flag]
    case .fetch(let stock): state.stocks[stock] > 0
    case .store(let stock):
      blueprint.stocks[stock] == 0 || state.stocks[stock] < blueprint.stocks[stock]
    case .down(let token): state.tokens[token].free > 0
    case .awaitSignal(let mutex):
      state.parties[party].isBackFromCondition
        ? state.mutexes[mutex] == nil : !state.listeners[mutex].contains(party)
    case .result(let other):
      host(of: other) == .task ? state.told.contains(other) : state.hasEnded(other)
    default: true
    }
  }

  // MARK: Turns

  mutating func begin(turnOf party: Int) {
    if state.parties[party].isBlocking {
      state.parties[party].isBlocking = false
      tale?.unblock(party)
    } else if host(of: party) == .task {
      tale?.resume(party)
    } else {
      let begins = host(of: party) == .job && !state.parties[party].hasBegun
      tale?.take(turnOf: party, begins: begins)
      if begins { state.parties[party].hasBegun = true }
    }
  }

  mutating func tellEnd(of party: Int, _ outcome: Outcome) {
    switch host(of: party) {
    case .task: tale?.end(party, outcome)
    case .thread: tale?.end(threadOf: party)
    case .job: tale?.end(job: party, outcome)
    }
    if blueprint.toldOf.contains(party) { state.callbacks.append(.tell(party)) }
  }

  /// Has the loop do something, from another thread.
  mutating func call(_ callback: Situation.Callback) {
    tale?.wakeLoop()
    state.callbacks.append(callback)
  }

  mutating func runCallback() {
    let next = state.callbacks.removeFirst()
    tale?.callback()
    switch next {
    case .tell(let party):
      tale?.tell(endOf: party, state.parties[party].mode == .ended(failed: false) ? .value : .error)
      state.told.insert(party)
    case .resolve(let future) where !state.futures[future].isSet: resolve(future)
    case .resolve: break
    }
  }

  mutating func resolve(_ future: Int) {
    tale?.resolve(future: future)
    state.futures[future].isSet = true
    for waiter in state.futures[future].waiters { state.parties[waiter].mode = .woken }
    state.futures[future].waiters = []
  }

  /// The loop goes to its selector if those of its tasks that are runnable sleep only.
  mutating func rest(with runnable: [Int]) {
    let tasks = runnable.filter { $0 == state.parties.count || host(of: $0) == .task }
    if blocker == nil,
      tasks.allSatisfy({ $0 < state.parties.count && state.mode(of: $0) == .waiting })
    {
      tale!.idle(isForEver: tasks.isEmpty)
    }
    if runnable.isEmpty { tale!.rest() }
  }

  // MARK: Steps

  mutating func block(_ party: Int) {
    state.parties[party].isBlocking = true
    let step = step(of: party)!
    tale?.block(party, step, blueprint)
  }

  /// A step whose wait is over, or that never had to wait.
  mutating func pass(_ step: Step, _ party: Int, hasWaited: Bool) -> Result {
    switch step {
    case .lock(let mutex):
      hold(mutex: mutex, party, hasWaited: hasWaited)
    case .down(let token):
      state.tokens[token].free -= 1
      state.tokens[token].holders.append(party)
      tale?.wentDown(token)
    case .fetch(let stock):
      state.stocks[stock] -= 1
      tale?.fetched(stock, items: state.stocks[stock])
    case .store(let stock):
      state.stocks[stock] += 1
      tale?.stored(stock, items: state.stocks[stock])
    case .result(let other):
      if host(of: other) != .thread, state.parties[other].mode == .ended(failed: true) {
        return .failed
      }
    default: break
    }
    return .done
  }

  private mutating func hold(mutex: Int, _ party: Int, hasWaited: Bool) {
    let isContended = state.parties.indices.contains { other in
      guard other != party, isBlocking(other) else { return false }
      switch step(of: other) {
      case .lock(mutex): return true
      case .awaitSignal(mutex): return state.parties[other].isBackFromCondition
      default: return false
      }
    }
    state.mutexes[mutex] = party
    tale?.took(mutex, party, hasWaited: hasWaited, isContended: isContended)
  }

  /// A signal has come, or the lock that goes with it.
  mutating func lockAgain(_ mutex: Int, _ party: Int) -> Result {
    let hasWaited = state.parties[party].isBackFromCondition
    guard state.mutexes[mutex] == nil else {
      state.parties[party].isBackFromCondition = true
      state.parties[party].isBlocking = true
      tale?.block(party, .lock(mutex), blueprint)
      return .waits
    }
    state.parties[party].isBackFromCondition = false
    hold(mutex: mutex, party, hasWaited: hasWaited)
    return .done
  }

  mutating func signal(_ mutex: Int, _ party: Int) -> Bool {
    guard state.mutexes[mutex] == party else { return false }
    tale?.signal(mutex, waiters: state.listeners[mutex].count)
    if !state.listeners[mutex].isEmpty { state.listeners[mutex].removeFirst() }
    return true
  }

  mutating func up(_ token: Int, _ party: Int) -> Bool {
    let own = state.tokens[token].holders.lastIndex(of: party)
    guard (own == nil) == blueprint.tokenSignals.contains(token) else { return false }
    if let own {
      state.tokens[token].holders.remove(at: own)
      state.tokens[token].isReturned = true
    } else {
      state.tokens[token].isSent = true
    }
    state.tokens[token].free += 1
    tale?.wentUp(token)
    return true
  }

  mutating func unlock(_ mutex: Int, _ party: Int) -> Bool {
    guard state.mutexes[mutex] == party else { return false }
    state.mutexes[mutex] = nil
    tale?.gaveBack(mutex)
    return true
  }
}
