import CProcessor
package import TraceFormat

extension World {
  /// Takes events into account, up to an instant if there is one.
  package mutating func apply(_ events: UnsafeBufferPointer<Event>, until: TraceInstant? = nil) {
    // With few of them everything is near.
    let many = 1 << 14
    let isFar = living.count > many
    for index in events.indices {
      if isFar { fetchAhead(of: index, in: events) }
      if let until, events[index].time > until { continue }
      apply(events[index])
    }
  }

  /// What later events are about takes longer to come from memory than an event takes otherwise.
  private func fetchAhead(of index: Int, in events: UnsafeBufferPointer<Event>) {
    let (toNumber, toRecord) = (16, 8)
    if index + toNumber < events.count {
      living.prefetch(events[index + toNumber].subject)
      living.prefetch(events[index + toNumber].object)
    }
    guard index + toRecord < events.count else { return }
    switch living[events[index + toRecord].subject] {
    case .party(let party):
      parties.withUnsafeBufferPointer { fetch($0.baseAddress! + party, lines: 4) }
    case .resource(let resource):
      resources.withUnsafeBufferPointer { fetch($0.baseAddress! + resource, lines: 2) }
    case nil: break
    }
  }

  private func fetch(_ record: UnsafeRawPointer, lines: Int) {
    for line in 0..<lines { processor_prefetch(record + 64 * line) }
  }

  /// Takes one event into account. Events come in the order of time.
  package mutating func apply(_ event: Event) {
    if event.time.nanoseconds > now.nanoseconds { now = event.time }
    eventCount += 1
    if parties.count + resources.count >= collectionLimit { collect() }
    let actor = touch(event)
    switch event.kind {
    case .gap:
      lostEvents = lostEvents.saturatingSum(event.subject)
      // Who runs may have changed, or nobody does.
      threads.states[here].running = []
      threads.states[here].lost = event.time
    case .threadStart: break
    case .threadEnd: endThread(event)
    case .loopStart, .loopStop, .loopIdle, .loopWake: applyLoop(event)
    case .loopWakeup:
      wakeLoop(event)
      // run_coroutine_threadsafe makes a concurrent future and wakes the loop in one go.
      if let future = threads.states[here].lastConcurrentFuture {
        threads.states[here].lastConcurrentFuture = nil
        resources[future].changeUse().submittedTo = event.subject
      }
    case .stackSample: applySample(event)
    case .taskCreate: createTask(event, by: actor)
    case .taskResume: resume(event)
    case .taskSuspend: suspend(event)
    case .taskEnd: endTask(event)
    case .taskCancel: askToEnd(event, by: actor)
    case .waitBegin: announce(event)
    case .taskReady:
      threads.states[here].readied = event.object
      makeReady(event)
    case .taskSpawn: spawnTask(event, by: actor)
    case .taskWait, .taskWaitOwn: wait(event, by: actor)
    case .resourceCreate: createResource(event, by: actor)
    case .depends: addDependency(event)
    case .name: applyName(event)
    case .futureDone: finishFuture(event, by: actor)
    case .futureLost:
      if let future = resource(event.subject), resources[future].done == nil {
        resources[future].changeUse().lost = occurrence(event, by: actor)
      }
    case .exceptionUnretrieved, .neverAwaited, .callbackFailed: applyHazard(event)
    case .taskDestroyed: destroyTask(event)
    case .acquired, .released, .eventSet, .eventCleared, .notified, .queuePut, .queueGot,
      .queueTaskDone, .barrierPassed:
      applyOperation(event, by: actor)
    case .blockBegin, .blockEnd: applyBlock(event)
    case .jobQueue, .jobStart, .jobEnd: applyJob(event, by: actor)
    case .timerArm, .timerCancel: applyTimer(event, by: actor)
    case .ioRegister, .ioUnregister:
      descriptors.apply(event, by: occurrence(event, by: actor))
    case .signalHandler: applySignal(event)
    case .threadBind:
      resources[resource(event.subject, orNew: .thread)].thread = event.thread
    case .held: applyHeld(event)
    case .past: applyPast(event)
    case .habit: applyHabit(event, by: actor)
    case .snapshotBegin, .snapshotEnd, .threadWait, .taskStack, .referrer, .referrers, .ioPeer,
      .processWait:
      applySnapshot(event)
    }
  }

  /// Makes the thread known; the party that acts in the event.
  @inline(__always)
  private mutating func touch(_ event: Event) -> Int {
    if event.thread.number != threads.latestNumber { find(event) }
    return threads.states[here].note(event.time)
  }

  private mutating func find(_ event: Event) {
    if threads.find(event.thread) == nil {
      _ = touch(event.thread, at: event.time)
      _ = threads.find(event.thread)
    }
    here = threads.latest
  }

  /// Makes a thread known; its own party.
  mutating func touch(_ slot: ThreadSlot, at time: TraceInstant) -> Int {
    if let known = threads.place(of: slot) { return threads.states[known].party }
    let index = parties.count
    var record = PartyRecord(
      kind: .thread, number: UInt64(slot.number),
      created: Occurrence(time: time, party: index, site: nil), thread: slot)
    record.name = definitions.threads[slot]?.name
    record.state = .running
    append(record)
    var thread = ThreadState(party: index, lastEvent: time)
    thread.isRecorder = record.name?.hasPrefix("coroner-") ?? false
    threads.append(slot, thread)
    return index
  }

  func occurrence(_ event: Event, by actor: Int) -> Occurrence {
    var what = Occurrence(time: event.time, party: actor, site: event.site)
    what.executor = parties[actor].executor
    return what
  }

  /// Adds a party; its index.
  @discardableResult
  mutating func append(_ party: PartyRecord) -> Int {
    parties.append(party)
    parties[parties.count - 1].serial = partyCount
    partyCount += 1
    if party.kind == .task { taskCount += 1 }
    return parties.count - 1
  }

  /// Adds a resource; its index.
  mutating func append(_ resource: ResourceRecord) -> Int {
    resources.append(resource)
    resources[resources.count - 1].serial = resourceCount
    resourceCount += 1
    return resources.count - 1
  }

  func party(_ number: UInt64) -> Int? {
    if case .party(let index)? = living[number] { index } else { nil }
  }

  func resource(_ number: UInt64) -> Int? {
    if case .resource(let index)? = living[number] { index } else { nil }
  }

  /// The resource behind a number; a new one of unknown origin if its creation was not seen.
  mutating func resource(_ number: UInt64, orNew kind: ResourceKind) -> Int {
    // What is forgotten was done with; whatever else comes with its number is another thing.
    if let index = resource(number), kind.isFuture || index != forgotten { return index }
    // How many threads an unknown pool has is unknown; it may have one more.
    let capacity: UInt64 = kind == .executor ? .max : 1
    let new = append(
      ResourceRecord(kind: kind, number: number, capacity: capacity, created: nil))
    resources[new].isOlder = keptFrom != nil
    living[number] = .resource(new)
    return new
  }

  private mutating func endThread(_ event: Event) {
    threads.states[here].hasEnded = true
    parties[threads.states[here].party].state = .ended(.value, at: event.time)
  }

  mutating func addDependency(_ event: Event) {
    guard let dependency = Dependency(rawValue: event.value) else { return }
    if event.object == 0 {
      // Its members are known: this says what of them is waited for from now on.
      let group = resource(event.subject, orNew: .group)
      let use = resources[group].changeUse()
      use.dependency = dependency
      use.asked = event.time
      return
    }
    if let job = jobs[event.subject] { return addJobDependency(event, of: job) }
    let inner = living[event.object] ?? .resource(resource(event.object, orNew: .future))
    if dependency == .guarded {
      if case .resource(let owner) = inner, let part = resource(event.subject) {
        resources[owner].part = part
        resources[part].owner = owner
      }
      return
    }
    let outer = resource(event.subject, orNew: .group)
    let use = resources[outer].changeUse()
    use.members.append(inner)
    use.dependency = dependency
    forgetDoneMembers(of: outer)
  }

  /// A group that says each time what it waits for may go on for ever: those that have ended before are let
  /// go of, in steps that cost a constant time each.
  private mutating func forgetDoneMembers(of group: Int) {
    guard let asked = resources[group].asked,
      resources[group].members.count >= max(64, 2 * resources[group].use.keptMembers)
    else { return }
    let kept = resources[group].members.filter { doneTime($0).map { $0 >= asked } ?? true }
    let use = resources[group].changeUse()
    use.members = kept
    use.keptMembers = kept.count
  }

  private mutating func applyName(_ event: Event) {
    guard let name = definitions.string(event.value) else { return }
    switch living[event.subject] {
    case .party(let index): parties[index].name = name
    case .resource(let index) where index != forgotten: resources[index].name = name
    case .resource, nil:
      if let process = World.process(named: event.subject) {
        resources[resource(ofProcess: process)].name = name
      } else if event.subject >> 63 == 1 {
        resources[resource(ofDescriptor: event.subject)].name = name
      } else {
        // Named by the program before anything else is known of it.
        resources[resource(event.subject, orNew: .threadLock)].name = name
      }
    }
  }
}
