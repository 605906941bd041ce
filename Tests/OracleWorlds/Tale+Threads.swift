import History
import TraceFormat

/// What the recorder writes of threads. Locks that nobody waits for are not in a trace: who has one is told when
/// somebody comes to wait, or when the task, job or thread that has it leaves.
extension Tale {
  struct Hold {
    var party: Int
    var since: UInt64
    var isTold = false
  }

  func mutex(_ index: Int) -> UInt64 { 0xc000 + 16 * UInt64(index) }
  private func flag(_ index: Int) -> UInt64 { 0xc400 + 16 * UInt64(index) }
  private func stock(_ index: Int) -> UInt64 { 0xc800 + 16 * UInt64(index) }
  private func token(_ index: Int) -> UInt64 { 0xd400 + 16 * UInt64(index) }
  private func signals(_ index: Int) -> UInt64 { 0xd800 + 16 * UInt64(index) }
  private func handle(_ party: Int) -> UInt64 { 0xcc00 + 16 * UInt64(party) }
  /// The concurrent future of a job, or of a task that another thread has asked for.
  func result(_ party: Int) -> UInt64 { 0x1_0000 + 16 * UInt64(party) }
  /// The loop's own future of a job's end.
  private func relay(_ party: Int) -> UInt64 { 0x1_1000 + 16 * UInt64(party) }
  private var pool: UInt64 { 0x1_2000 }
  private var work: UInt64 { 0x1_2010 }
  private func tid(_ slot: ThreadSlot) -> UInt64 { 99 + UInt64(slot.number) }

  /// Threads are those of parties, in their order, and behind them the pool's.
  static func slot(ofThread party: Int) -> ThreadSlot { ThreadSlot(UInt32(party) + 2) }
  private static func slot(ofWorker index: Int, _ blueprint: Blueprint) -> ThreadSlot {
    ThreadSlot(UInt32(blueprint.programs.count + index) + 2)
  }

  static func defineThreads(_ blueprint: Blueprint, in trace: inout MemoryTrace) {
    for party in blueprint.programs.indices where blueprint.host(of: party) == .thread {
      let slot = slot(ofThread: party)
      trace.definitions.threads[slot] = .init(tid: 99 + UInt64(slot.number), name: "party\(party)")
    }
    guard blueprint.hosts.contains(.job) else { return }
    for worker in 0..<blueprint.workers {
      let slot = slot(ofWorker: worker, blueprint)
      trace.definitions.threads[slot] = .init(
        tid: 99 + UInt64(slot.number), name: "worker\(worker)")
    }
  }

  /// By the main task, before any of them has a turn.
  mutating func startThreads(_ blueprint: Blueprint) {
    for index in 0..<blueprint.mutexCount { make(mutex(index), .threadLock) }
    for index in 0..<blueprint.flagCount { make(flag(index), .event) }
    for (index, permits) in blueprint.tokens.enumerated() {
      make(token(index), .semaphore, capacity: UInt64(permits))
    }
    if !blueprint.tokens.isEmpty {
      for index in 0..<blueprint.mutexCount {
        make(signals(index), .condition, capacity: mutex(index))
      }
    }
    for (index, room) in blueprint.stocks.enumerated() {
      make(stock(index), .queue, capacity: UInt64(room))
    }
    for party in blueprint.toldOf.sorted() {
      make(result(party), .concurrentFuture)
      tell(.depends, result(party), object: task(party))
    }
    if blueprint.hosts.contains(.job) {
      make(pool, .executor, capacity: UInt64(blueprint.workers))
      idleWorkers = (0..<blueprint.workers).map { Self.slot(ofWorker: $0, blueprint) }
    }
    for party in blueprint.hosts.indices {
      switch blueprint.host(of: party) {
      case .task: break
      case .thread:
        make(handle(party), .thread)
        thread = Self.slot(ofThread: party)
        tell(.threadStart, tid(thread))
        tell(.threadBind, handle(party))
        thread = Self.thread
      case .job:
        make(result(party), .concurrentFuture)
        tell(.jobQueue, result(party), object: pool, site: StackID(site(party)), value: site(party))
      }
    }
  }

  // MARK: Turns

  /// A party that is no task goes on, on its own thread.
  mutating func take(turnOf party: Int, begins: Bool) {
    if begins { places[party] = idleWorkers.removeFirst() }
    thread = slot(of: party)
    guard begins else { return }
    if started.insert(thread).inserted {
      tell(.threadStart, tid(thread))
    } else {
      tell(.blockEnd, work)
    }
    tell(.jobStart, result(party))
  }

  mutating func unblock(_ party: Int) {
    thread = slot(of: party)
    tell(.blockEnd, blocked.removeValue(forKey: party)!)
  }

  private func slot(of party: Int) -> ThreadSlot {
    switch party < hosts.count ? hosts[party] : .task {
    case .task: Self.thread
    case .thread: Self.slot(ofThread: party)
    case .job: places[party]!
    }
  }

  mutating func end(threadOf party: Int) {
    tellHolds(of: party)
    tell(.threadEnd, tid(thread))
  }

  mutating func end(job party: Int, _ outcome: Outcome) {
    tell(.loopWakeup, Self.loop)
    tell(.futureDone, result(party), value: outcome.rawValue)
    tellHolds(of: party)
    tell(.jobEnd, result(party))
    tell(.blockBegin, work, object: .max, value: Operation.queueGet.rawValue)
    idleWorkers.append(thread)
    relays.append((party, outcome))
  }

  /// The loop hears of the jobs that have ended.
  mutating func hear() {
    for (party, outcome) in relays {
      for future in waits[party, default: []] {
        tell(.futureDone, future, value: outcome.rawValue)
      }
      waits[party] = nil
    }
    relays = []
    if isGathered { gathered() }
    isGathered = false
  }

  mutating func wakeLoop() { tell(.loopWakeup, Self.loop) }

  mutating func callback() { enterLoop() }

  /// What the main one waits for has ended elsewhere; the loop has not heard of it.
  mutating func gatherLater() { isGathered = true }

  mutating func tell(endOf party: Int, _ outcome: Outcome) {
    tell(.futureDone, result(party), value: outcome.rawValue)
  }

  // MARK: Waits

  mutating func wait(_ party: Int, forJob other: Int) {
    let future = relay(party)
    relay(other, to: future)
    suspend(party, on: future)
  }

  /// A future of the loop that is done when a job is.
  private mutating func relay(_ job: Int, to future: UInt64) {
    make(future, .future)
    tell(.depends, future, object: result(job))
    waits[job, default: []].append(future)
  }
  /// The one by which a group does; nothing if the job has ended.
  mutating func member(for job: Int) -> UInt64? {
    guard world.jobs[result(job)] != nil else { return nil }
    let future = 0x1_3000 + 16 * UInt64(job)
    relay(job, to: future)
    return future
  }

  mutating func block(_ party: Int, _ step: Step, _ blueprint: Blueprint) {
    let (resource, operation): (UInt64, Operation)
    switch step {
    case .lock(let index):
      tellHolder(of: index)
      (resource, operation) = (mutex(index), .acquire)
    case .awaitFlag(let index): (resource, operation) = (flag(index), .eventWait)
    case .fetch(let index): (resource, operation) = (stock(index), .queueGet)
    case .store(let index): (resource, operation) = (stock(index), .queuePut)
    case .down(let index): (resource, operation) = (token(index), .acquire)
    case .awaitSignal(let index): (resource, operation) = (signals(index), .conditionWait)
    case .result(let other) where blueprint.host(of: other) == .thread:
      (resource, operation) = (handle(other), .join)
    case .result(let other): (resource, operation) = (result(other), .result)
    default: preconditionFailure("\(step) blocks no thread")
    }
    blocked[party] = resource
    tell(
      .blockBegin, resource, object: .max, site: StackID(site(party)), value: operation.rawValue)
  }

  // MARK: Operations

  mutating func took(_ index: Int, _ party: Int, hasWaited: Bool, isContended: Bool) {
    if !hasWaited, isContended {
      tell(
        .blockBegin, mutex(index), object: .max, site: StackID(site(party)),
        value: Operation.acquire.rawValue)
      tell(.blockEnd, mutex(index))
    }
    holds[index] = Hold(party: party, since: time, isTold: hasWaited || isContended)
    if hasWaited || isContended { tell(.acquired, mutex(index), site: StackID(site(party))) }
  }

  mutating func gaveBack(_ index: Int) {
    if holds.removeValue(forKey: index)!.isTold { tell(.released, mutex(index)) }
  }

  private mutating func tellHolder(of index: Int) {
    guard let hold = holds[index], !hold.isTold else { return }
    holds[index]!.isTold = true
    tell(
      .held, mutex(index), object: tid(slot(of: hold.party)), site: StackID(site(hold.party)),
      value: UInt32((time - hold.since) / 1000))
  }

  /// A party leaves its thread with what it has.
  mutating func tellHolds(of party: Int) {
    for (index, hold) in holds.sorted(by: { $0.key < $1.key })
    where hold.party == party && !hold.isTold {
      holds[index]!.isTold = true
      tell(.acquired, mutex(index), site: StackID(site(party)))
    }
  }

  mutating func wentDown(_ index: Int) { tell(.acquired, token(index)) }
  mutating func wentUp(_ index: Int) { tell(.released, token(index)) }
  mutating func signal(_ index: Int, waiters: Int) {
    tell(.notified, signals(index), object: 1, value: UInt32(waiters))
  }
  mutating func raise(_ index: Int) { tell(.eventSet, flag(index)) }
  mutating func stored(_ index: Int, items: Int) {
    tell(.queuePut, stock(index), value: UInt32(items))
  }
  mutating func fetched(_ index: Int, items: Int) {
    tell(.queueGot, stock(index), value: UInt32(items))
  }
}
