package import TraceFormat

extension World {
  mutating func createTask(_ event: Event, by actor: Int) {
    var task = PartyRecord(
      kind: .task, number: event.subject, created: occurrence(event, by: actor),
      thread: event.thread)
    task.ordinal = event.object
    task.code = functions.code(event.value)
    let index = append(task)
    endFormerLife(of: event)
    living[event.subject] = .party(index)
    threads.states[here].lastTaskCreated = index
    if firstTask == nil, event.thread == mainThread { firstTask = index }
  }

  /// What begins a new life of a number shows that the task of this number is gone, if its end is not in the trace.
  mutating func endFormerLife(of event: Event) {
    guard let former = party(event.subject), parties[former].kind == .task,
      !parties[former].isEnded
    else { return }
    parties[former].state = .ended(.value, at: event.time)
  }

  /// A task of a group, perhaps, which is queued at once.
  mutating func spawnTask(_ event: Event, by actor: Int) {
    var part = event
    part.object = 0
    createTask(part, by: actor)
    part.object = threads.states[here].readied
    makeReady(part)
    guard event.object != 0 else { return }
    part.subject = event.object
    part.object = event.subject
    part.value = Dependency.all.rawValue
    addDependency(part)
  }

  mutating func resume(_ event: Event) {
    let known = party(event.subject)
    checkTurn(of: known, beginsWith: event)
    let task = known ?? unseenTask(event)
    parties[task].beginTurn(on: event.thread)
    if event.object != 0 { takeTurn(task, event) }
    threads.states[here].enter(task)
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
    threads.states[here].isWorker = true
    // What runs elsewhere is bound to no thread.
    if let bound = resources[executor].thread, bound != event.thread {
      resources[executor].thread = nil
    }
  }

  mutating func announce(_ event: Event) {
    guard let task = party(event.subject) else { return }
    guard let operation = Operation(rawValue: event.value) else {
      parties[task].announced = nil
      return
    }
    let target = target(event.object, of: operation, by: task, event.site)
    parties[task].announced = Wait(
      future: nil, primitive: (target, operation), site: event.site, since: event.time)
  }

  /// What an operation waits for.
  private mutating func target(
    _ number: UInt64, of operation: Operation, by task: Int, _ site: StackID?
  ) -> Int? {
    if number == 0 { return nil }
    let target = resource(number, orNew: operation.resourceKind)
    switch operation {
    case .queuePut: resources[target].changeUse().hasBlockedPut = true
    case .conditionWait: waitInSection(target, of: task, site)
    default: break
    }
    return target
  }

  /// The task of a thread suspends in an operation.
  mutating func wait(_ event: Event, by task: Int) {
    // Without a task, that of its resumption was lost.
    guard parties[task].kind == .task, let operation = Operation(rawValue: event.value) else {
      return noteUnseen(before: event)
    }
    threads.states[here].leave(task)
    parties[task].forgetAnnouncement()
    let target = target(event.subject, of: operation, by: task, event.site)
    if case .taskWaitOwn = event.kind {
      let future = Entity.resource(
        append(
          ResourceRecord(
            kind: .future, number: event.object, capacity: 0,
            created: occurrence(event, by: task))))
      living[event.object] = future
      return suspend(task, on: future, primitive: (target, operation), event)
    }
    suspend(task, on: awaited(event.object), primitive: (target, operation), event)
  }

  mutating func suspend(_ event: Event) {
    let known = party(event.subject)
    checkTurn(of: known, endsWith: event)
    let task = known ?? unseenTask(event)
    threads.states[here].leave(task)
    let announcement = parties[task].endTurn(at: event.site)
    guard event.object != 0 else {
      parties[task].state = .ready
      return
    }
    suspend(task, on: awaited(event.object), primitive: announcement?.primitive, event)
  }

  private mutating func awaited(_ number: UInt64) -> Entity {
    living[number] ?? .resource(resource(number, orNew: .future))
  }

  private mutating func suspend(
    _ task: Int, on future: Entity, primitive: (resource: Int?, operation: Operation)?,
    _ event: Event
  ) {
    parties[task].wait(
      Wait(future: future, primitive: primitive, site: event.site, since: event.time))
    switch future {
    case .party(let awaited): parties[awaited].isAwaited = true
    case .resource(let awaited):
      // Who makes a continuation waits for it there and then.
      resources[awaited].noteWait(at: event.site)
    }
  }

  mutating func endTask(_ event: Event) {
    let known = party(event.subject)
    checkTurn(of: known, endsWith: event)
    let task = known ?? unseenTask(event)
    threads.states[here].leave(task)
    parties[task].announced = nil
    parties[task].turn = nil
    let outcome = Outcome(rawValue: event.value) ?? .value
    parties[task].state = .ended(outcome, at: event.time)
    noteWastedWakeup(of: task, outcome)
    if event.object != 0, let type = definitions.string(UInt32(truncatingIfNeeded: event.object)) {
      parties[task].failure = Failure(type: type, site: event.site)
    }
  }

  mutating func destroyTask(_ event: Event) {
    guard let task = party(event.subject), !parties[task].isEnded else { return }
    parties[task].isDestroyed = true
    parties[task].state = .ended(.cancelled, at: event.time)
    incidents.note(destroyed: task, at: event.time)
  }

  /// A task that was woken is asked to end before it runs: unless it passes the wake-up on, that is lost.
  mutating func noteWaste(on task: Int, _ asked: Occurrence) {
    guard let wait = parties[task].wait, let resource = wait.primitive?.resource,
      case .resource(let future)? = wait.future, let done = resources[future].done,
      done.outcome == .value
    else { return }
    let use = resources[resource].changeUse()
    use.wastedOn = task
    use.wasted = WastedWakeup(task: task, woken: done.by, asked: asked)
  }

  private mutating func noteWastedWakeup(of task: Int, _ outcome: Outcome) {
    guard outcome == .cancelled, let wait = parties[task].lastWait,
      let resource = wait.primitive?.resource,
      let signalled = resources[resource].signalled ?? resources[resource].released,
      signalled.time >= wait.since
    else { return }
    resources[resource].changeUse().wastedOn = task
  }

  /// A task whose creation was not recorded.
  private mutating func unseenTask(_ event: Event) -> Int {
    let index = append(
      PartyRecord(
        kind: .task, number: event.subject,
        created: Occurrence(time: event.time, party: threads.states[here].party, site: nil),
        thread: event.thread))
    living[event.subject] = .party(index)
    return index
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
