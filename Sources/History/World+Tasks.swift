package import TraceFormat

extension World {
  mutating func createTask(_ event: Event, by actor: Int) {
    let index = parties.count
    var task = PartyRecord(
      kind: .task, number: event.subject, created: occurrence(event, by: actor),
      thread: event.thread)
    task.ordinal = event.object
    task.function = definitions.site(event.value)
    parties.append(task)
    living[event.subject] = .party(index)
    lastTaskCreated[event.thread] = index
    if firstTask == nil, event.thread == mainThread { firstTask = index }
  }

  mutating func resume(_ event: Event) {
    let task = party(event.subject) ?? unseenTask(event)
    if !parties[task].isScheduled { announced[task] = nil }
    parties[task].state = .running
    parties[task].thread = event.thread
    parties[task].turn = nil
    if event.object != 0 { takeTurn(task, event) }
    if parties[task].cancelRequested != nil { parties[task].runsSinceCancel += 1 }
    // A running loop whose start was lost, or a poll that ended: the thread is not idle any more.
    if let last = threads[event.thread]!.loops.indices.last {
      threads[event.thread]!.loops[last].idle = nil
    }
    // A task may get to another executor without a pause.
    if threads[event.thread]!.running.last != task { threads[event.thread]!.running.append(task) }
  }

  /// Whatever the task waited for has come; it needs its turn now.
  mutating func makeReady(_ event: Event) {
    let task = party(event.subject) ?? unseenTask(event)
    guard !parties[task].isEnded else { return }
    parties[task].isScheduled = true
    parties[task].turn = Wait(
      future: nil, primitive: (resource(event.object, orNew: .executor), .acquire),
      site: parties[task].suspendedAt, since: event.time)
    if parties[task].wait != nil { parties[task].state = .ready }
  }

  private mutating func takeTurn(_ task: Int, _ event: Event) {
    let executor = resource(event.object, orNew: .executor)
    parties[task].executor = executor
    parties[task].isScheduled = true
    threads[event.thread]!.isWorker = true
    // What runs elsewhere is bound to no thread.
    if let bound = resources[executor].thread, bound != event.thread {
      resources[executor].thread = nil
    }
  }

  mutating func announce(_ event: Event) {
    guard let task = party(event.subject) else { return }
    guard let operation = Operation(rawValue: event.value) else {
      announced[task] = nil
      return
    }
    let target = target(event.object, of: operation, by: task, event.site)
    announced[task] = Wait(
      future: nil, primitive: (target, operation), site: event.site, since: event.time)
  }

  /// What an operation waits for.
  private mutating func target(
    _ number: UInt64, of operation: Operation, by task: Int, _ site: StackID?
  ) -> Int? {
    if number == 0 { return nil }
    let target = resource(number, orNew: operation.resourceKind)
    if operation == .queuePut { resources[target].hasBlockedPut = true }
    if operation == .conditionWait { waitInSection(target, of: task, site) }
    return target
  }

  /// The task of a thread suspends in an operation.
  mutating func wait(_ event: Event, by task: Int) {
    // Without a task, that of its resumption was lost.
    guard parties[task].kind == .task, let operation = Operation(rawValue: event.value) else {
      return
    }
    leave(task, on: event.thread)
    if !parties[task].isScheduled { announced[task] = nil }
    let target = target(event.subject, of: operation, by: task, event.site)
    if event.kind == .taskWaitOwn {
      resources.append(
        ResourceRecord(
          kind: .future, number: event.object, capacity: 0, created: occurrence(event, by: task)))
      living[event.object] = .resource(resources.count - 1)
    }
    suspend(task, on: event.object, primitive: (target, operation), event)
  }

  mutating func suspend(_ event: Event) {
    let task = party(event.subject) ?? unseenTask(event)
    leave(task, on: event.thread)
    let announcement = announced[task]
    // Of a task that executors run it holds until it is taken back.
    if !parties[task].isScheduled { announced[task] = nil }
    parties[task].suspendedAt = event.site
    // What made it ready may have been told before its thread let go of it.
    parties[task].turn?.site = event.site
    guard event.object != 0 else {
      parties[task].state = .ready
      return
    }
    suspend(task, on: event.object, primitive: announcement?.primitive, event)
  }

  private mutating func suspend(
    _ task: Int, on number: UInt64, primitive: (resource: Int?, operation: Operation)?,
    _ event: Event
  ) {
    let future = living[number] ?? .resource(resource(number, orNew: .future))
    let wait = Wait(future: future, primitive: primitive, site: event.site, since: event.time)
    parties[task].state = .waiting(wait)
    notePolling(task, wait)
    parties[task].lastWait = wait
    switch future {
    case .party(let awaited): parties[awaited].isAwaited = true
    case .resource(let awaited):
      resources[awaited].isAwaited = true
      // Who makes a continuation waits for it there and then.
      if resources[awaited].created?.site == nil { resources[awaited].created?.site = event.site }
    }
  }

  private mutating func notePolling(_ task: Int, _ wait: Wait) {
    guard wait.primitive?.operation == .sleep else {
      parties[task].polling = nil
      return
    }
    if parties[task].polling != nil, parties[task].lastWait?.site == wait.site {
      parties[task].polling!.rounds += 1
    } else {
      parties[task].polling = (wait.since, 1)
    }
  }

  mutating func endTask(_ event: Event) {
    let task = party(event.subject) ?? unseenTask(event)
    leave(task, on: event.thread)
    announced[task] = nil
    parties[task].turn = nil
    let outcome = Outcome(rawValue: event.value) ?? .value
    parties[task].state = .ended(outcome, at: event.time)
    noteWastedWakeup(of: task, outcome)
    if let type = definitions.string(UInt32(truncatingIfNeeded: event.object)) {
      parties[task].error = (type, event.site)
    }
  }

  mutating func destroyTask(_ event: Event) {
    guard let task = party(event.subject), !parties[task].isEnded else { return }
    parties[task].isDestroyed = true
    parties[task].state = .ended(.cancelled, at: event.time)
    if destroyed.count < Self.longStepLimit { destroyed.append((task, event.time)) }
  }

  /// A task that was woken is asked to end before it runs: unless it passes the wake-up on, that is lost.
  mutating func noteWaste(on task: Int, _ asked: Occurrence) {
    guard let wait = parties[task].wait, let resource = wait.primitive?.resource,
      case .resource(let future)? = wait.future, let done = resources[future].done,
      done.outcome == .value
    else { return }
    resources[resource].wastedOn = task
    resources[resource].wasted = WastedWakeup(task: task, woken: done.by, asked: asked)
  }

  private mutating func noteWastedWakeup(of task: Int, _ outcome: Outcome) {
    guard outcome == .cancelled, let wait = parties[task].lastWait,
      let resource = wait.primitive?.resource,
      let signalled = resources[resource].signalled ?? resources[resource].released,
      signalled.time >= wait.since
    else { return }
    resources[resource].wastedOn = task
  }

  private mutating func leave(_ task: Int, on slot: ThreadSlot) {
    if let position = threads[slot]!.running.lastIndex(of: task) {
      threads[slot]!.running.removeSubrange(position...)
    }
    threads[slot]!.blocks = []
  }

  /// A task whose creation was not recorded.
  private mutating func unseenTask(_ event: Event) -> Int {
    let index = parties.count
    parties.append(
      PartyRecord(
        kind: .task, number: event.subject,
        created: Occurrence(time: event.time, party: threads[event.thread]!.party, site: nil),
        thread: event.thread))
    living[event.subject] = .party(index)
    return index
  }

  mutating func applyJob(_ event: Event, by actor: Int) {
    switch event.kind {
    case .jobQueue:
      let index = parties.count
      var job = PartyRecord(
        kind: .job, number: event.subject, created: occurrence(event, by: actor),
        thread: event.thread)
      job.executor = resource(event.object, orNew: .executor)
      job.function = definitions.site(event.value)
      parties.append(job)
      jobs[event.subject] = index
      lastConcurrentFuture[event.thread] = nil
    case .jobStart:
      guard let job = jobs[event.subject] else { return }
      parties[job].state = .running
      parties[job].thread = event.thread
      parties[job].lastRun = event.time
      threads[event.thread]!.running.append(job)
      threads[event.thread]!.isWorker = true
    default:
      guard let job = jobs.removeValue(forKey: event.subject) else { return }
      parties[job].state = .ended(.value, at: event.time)
      leave(job, on: event.thread)
    }
  }
}

extension Operation {
  /// What kind of resource it is done with, for one whose creation was not seen.
  package var resourceKind: ResourceKind {
    switch self {
    case .acquire: .lock
    case .eventWait: .event
    case .conditionWait: .condition
    case .queueGet, .queuePut, .queueJoin: .queue
    case .barrierWait: .barrier
    case .sleep: .future
    case .group: .group
    case .read, .drain, .accept, .connect: .stream
    case .process: .process
    case .result: .concurrentFuture
    case .join, .exit: .thread
    }
  }
}
