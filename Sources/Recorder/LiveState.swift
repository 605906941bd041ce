import CPlatform
import TraceABI

/// A thread, as far as its events have been taken into account.
struct LiveThread {
  var slot: UInt32 = 0
  var entity: Int32 = -1
  /// Index of the first event that has not been.
  var nextIndex: UInt64 = 0
  /// Parties that run on it, the innermost last.
  var depth = 0
  /// The concurrent future that it made last, until it wakes a loop.
  var future: Int32 = -1
  var futureSerial: UInt32 = 0
  /// When the next timer of its loop is due, as far as is known.
  var nextTimer: UInt64 = .max
  /// The executor for which it made a task ready last.
  var readied: UInt64 = 0
  /// As it was defined; 0 if that is not known.
  var tid: UInt64 = 0
  var name = ThreadName()
}

/// What is alive and who holds what, kept up to date event by event: the events from which a reader would come
/// to the same state if all others had never been. It follows History's World in the reader.
enum LiveState {
  typealias Table = LiveTable

  struct Party {
    var entity: Int32
    var serial: UInt32
    static var none: Party { Party(entity: -1, serial: 0) }
  }

  static let threadLimit = 8192
  private static let depthLimit = 16
  nonisolated(unsafe) static var threads: UnsafeMutablePointer<LiveThread>!
  nonisolated(unsafe) static var threadCount = 0
  nonisolated(unsafe) private static var running: UnsafeMutablePointer<Party>!
  nonisolated(unsafe) private(set) static var stamp: UInt64 = 0

  static func start(capacity: Int) -> Bool {
    if threads == nil {
      guard let memory = platform_reserve(threadLimit &* MemoryLayout<LiveThread>.stride),
        let stacks = platform_reserve(threadLimit &* depthLimit &* MemoryLayout<Party>.stride)
      else { return false }
      threads = memory.bindMemory(to: LiveThread.self, capacity: threadLimit)
      running = stacks.bindMemory(to: Party.self, capacity: threadLimit &* depthLimit)
    }
    (threadCount, stamp) = (0, 0)
    return Table.start(capacity: capacity)
  }

  /// The index of a thread, known or new; -1 if there are too many.
  static func thread(_ slot: UInt32) -> Int32 {
    let entity = Table.findOrAdd(.thread, UInt64(slot), .thread)
    guard entity >= 0 else { return -1 }
    if Table.entities[Int(entity)].executor == 0 {
      guard threadCount < threadLimit else {
        Table.free(entity)
        Table.missing &+= 1
        return -1
      }
      threads[threadCount] = LiveThread(slot: slot, entity: entity)
      threadCount &+= 1
      Table.entities[Int(entity)].executor = UInt64(threadCount)
    }
    return Int32(truncatingIfNeeded: Table.entities[Int(entity)].executor &- 1)
  }

  /// Forgets a thread; the last one takes its index.
  static func forget(thread index: Int) {
    Table.free(threads[index].entity)
    threadCount &-= 1
    guard index < threadCount else { return }
    threads[index] = threads[threadCount]
    Table.entities[Int(threads[index].entity)].executor = UInt64(index &+ 1)
    for i in 0..<threads[index].depth {
      running[index &* depthLimit &+ i] = running[threadCount &* depthLimit &+ i]
    }
  }

  // MARK: who runs

  /// What runs on a thread, the innermost; nothing (-1) is the thread itself.
  static func actor(_ thread: Int) -> Party {
    let depth = threads[thread].depth
    guard depth > 0 else { return .none }
    let party = running[thread &* depthLimit &+ depth &- 1]
    return isCurrent(party) ? party : .none
  }

  static func isCurrent(_ party: Party) -> Bool {
    party.entity >= 0 && Table.entities[Int(party.entity)].serial == party.serial
  }

  /// Whether a party runs on a thread, be it below others.
  static func runs(_ entity: Int32, _ thread: Int) -> Bool {
    for i in 0..<threads[thread].depth
    where running[thread &* depthLimit &+ i].entity == entity
      && isCurrent(running[thread &* depthLimit &+ i])
    {
      return true
    }
    return false
  }

  static func enter(_ entity: Int32, _ thread: Int) {
    let depth = threads[thread].depth
    let serial = Table.entities[Int(entity)].serial
    if depth > 0, running[thread &* depthLimit &+ depth &- 1].entity == entity { return }
    guard depth < depthLimit else { return }
    running[thread &* depthLimit &+ depth] = Party(entity: entity, serial: serial)
    threads[thread].depth = depth &+ 1
  }

  static func leave(_ entity: Int32, _ thread: Int) {
    var depth = threads[thread].depth
    while depth > 0 {
      depth &-= 1
      guard running[thread &* depthLimit &+ depth].entity == entity else { continue }
      threads[thread].depth = depth
      break
    }
    Table.clear(threads[thread].entity, .block)
  }

  // MARK: one event

  /// An event, and who acts in it.
  struct Happening {
    var record: Record
    var thread: Int
    var actor: Party

    func node(_ slot: LiveSlot, holder: Int32 = -1) -> LiveNode {
      LiveNode(
        record: record, stamp: LiveState.stamp, thread: LiveState.threads[thread].slot,
        actor: actor.entity, actorSerial: actor.serial, holder: holder, next: -1, slot: slot)
    }
  }

  /// Takes one event into account. Events come in the order of time.
  static func apply(_ record: Record, thread: Int) {
    stamp &+= 1
    let event = Happening(record: record, thread: thread, actor: actor(thread))
    let own = threads[thread].entity
    switch UInt32(record.timeKind & 0xff) {
    case CORONER_GAP.rawValue: threads[thread].depth = 0
    case CORONER_THREAD_START.rawValue:
      Table.set(own, event.node(.start))
      beginHabits(event)
    case CORONER_THREAD_END.rawValue:
      Table.set(own, event.node(.end))
      Table.entities[Int(own)].isOver = true
    case CORONER_LOOP_START.rawValue:
      Table.push(own, event.node(.loop))
      threads[thread].nextTimer = .max
    case CORONER_LOOP_STOP.rawValue:
      threads[thread].nextTimer = 0  // that of the loop below it is not known
      let loop = Table.node(own, .loop)
      if loop >= 0 { Table.remove(own, loop) }
    case CORONER_LOOP_IDLE.rawValue:
      Table.set(own, event.node(.idle))
      threads[thread].nextTimer = record.value == .max ? .max : deadline(record)
      Table.clear(own, .wake)
    case CORONER_LOOP_WAKE.rawValue: Table.set(own, event.node(.wake))
    case CORONER_LOOP_WAKEUP.rawValue: wakeLoop(event)
    case CORONER_STACK_SAMPLE.rawValue: keep(event, .sample, .sample)
    case CORONER_TASK_CREATE.rawValue:
      Table.endLife(.thing, record.subject)
      let task = Table.add(.thing, record.subject, .task)
      if task >= 0 { Table.push(task, event.node(.create)) }
    case CORONER_TASK_SPAWN.rawValue: spawn(event)
    case CORONER_TASK_RESUME.rawValue: resume(event)
    case CORONER_TASK_SUSPEND.rawValue:
      suspend(event, task(event))
      noteWait(record.object, site: record.site)
    case CORONER_TASK_WAIT.rawValue, CORONER_TASK_WAIT_OWN.rawValue: wait(event)
    case CORONER_TASK_END.rawValue, CORONER_TASK_DESTROYED.rawValue: endTask(event)
    case CORONER_TASK_CANCEL.rawValue: cancel(event)
    case CORONER_WAIT_BEGIN.rawValue:
      if record.value != 0 { return keepOfTask(event, .announcement) }
      let task = Table.find(.thing, record.subject)
      if task >= 0 { Table.clear(task, .announcement) }
    case CORONER_TASK_READY.rawValue:
      threads[thread].readied = record.object
      makeReady(event, task(event))
    case CORONER_BLOCK_BEGIN.rawValue: Table.push(own, event.node(.block))
    case CORONER_BLOCK_END.rawValue: endBlock(record.subject, own)
    case CORONER_JOB_QUEUE.rawValue:
      Table.endLife(.job, record.subject)
      let job = Table.add(.job, record.subject, .job)
      if job >= 0 { Table.push(job, event.node(.create)) }
      threads[thread].future = -1
    case CORONER_JOB_START.rawValue:
      let job = Table.find(.job, record.subject)
      guard job >= 0 else { return }
      Table.set(job, event.node(.run))
      enter(job, thread)
    case CORONER_JOB_END.rawValue:
      let job = Table.find(.job, record.subject)
      guard job >= 0 else { return }
      leave(job, thread)
      Table.set(job, event.node(.end))
      Table.endLife(.job, record.subject)
    case CORONER_TIMER_ARM.rawValue, CORONER_TIMER_CANCEL.rawValue, CORONER_IO_REGISTER.rawValue,
      CORONER_IO_UNREGISTER.rawValue, CORONER_SIGNAL_HANDLER.rawValue:
      applyOutside(event)
    case CORONER_SNAPSHOT_BEGIN.rawValue...CORONER_PROCESS_WAIT.rawValue: applySnapshot(event)
    default: applyResource(event)
    }
  }

  /// Keeps an event in a slot of something in a space of its own.
  private static func keep(_ event: Happening, _ space: LiveSpace, _ slot: LiveSlot) {
    let entity = Table.findOrAdd(space, event.record.subject, .resource)
    if entity >= 0 { Table.set(entity, event.node(slot)) }
  }

  private static func keepOfTask(_ event: Happening, _ slot: LiveSlot) {
    let task = Table.find(.thing, event.record.subject)
    guard task >= 0, Table.entities[Int(task)].kind == .task else { return }
    Table.set(task, event.node(slot))
  }

  /// The task that an event names, be it one whose creation was not seen.
  private static func task(_ event: Happening) -> Int32 {
    let known = Table.find(.thing, event.record.subject)
    if known >= 0, Table.entities[Int(known)].kind == .task { return known }
    Table.endLife(.thing, event.record.subject)
    return Table.add(.thing, event.record.subject, .task)
  }

  private static func makeReady(_ event: Happening, _ task: Int32) {
    guard task >= 0, !Table.entities[Int(task)].isOver else { return }
    Table.entities[Int(task)].isScheduled = true
    Table.set(task, event.node(.ready))
  }

  /// Three events in one, which are kept, and over, at different times.
  private static func spawn(_ event: Happening) {
    let (task, group) = (event.record.subject, event.record.object)
    var part = event
    part.record = event.record.of(CORONER_TASK_CREATE, task, 0, value: event.record.value)
    Table.endLife(.thing, task)
    let new = Table.add(.thing, task, .task)
    guard new >= 0 else { return }
    Table.push(new, part.node(.create))
    stamp &+= 1
    part.record = event.record.of(CORONER_TASK_READY, task, threads[event.thread].readied)
    makeReady(part, new)
    guard group != 0 else { return }
    stamp &+= 1
    part.record = event.record.of(CORONER_DEPENDS, group, task)
    depend(part)
  }

  private static func resume(_ event: Happening) {
    let task = task(event)
    guard task >= 0 else { return }
    if !Table.entities[Int(task)].isScheduled { Table.clear(task, .announcement) }
    Table.clear(task, .ready)
    Table.set(task, event.node(.run))
    if Table.node(task, .cancel) >= 0, Table.node(task, .again) < 0 {
      Table.push(task, event.node(Table.node(task, .once) < 0 ? .once : .again))
    }
    if event.record.object != 0 {
      Table.entities[Int(task)].executor = event.record.object
      Table.entities[Int(task)].isScheduled = true
    }
    enter(task, event.thread)
  }

  private static func cancel(_ event: Happening) {
    let task = Table.find(.thing, event.record.subject)
    guard task >= 0, Table.entities[Int(task)].kind == .task else { return }
    forgetCancel(task)
    Table.push(task, event.node(.cancel))
    let run = Table.node(task, .run)
    guard run >= 0 else { return }
    var broken = Table.nodes[Int(run)]
    broken.slot = .broken
    Table.push(task, broken)
  }

  private static func forgetCancel(_ task: Int32) {
    Table.clear(task, .cancel)
    Table.clear(task, .broken)
    Table.clear(task, .once)
    Table.clear(task, .again)
  }

  private static func suspend(_ event: Happening, _ task: Int32) {
    guard task >= 0 else { return }
    leave(task, event.thread)
    Table.set(task, event.node(.run))
  }

  private static func wait(_ event: Happening) {
    let task = event.actor.entity
    guard task >= 0, Table.entities[Int(task)].kind == .task else { return }
    if !Table.entities[Int(task)].isScheduled { Table.clear(task, .announcement) }
    if event.record.timeKind & 0xff == CORONER_TASK_WAIT_OWN.rawValue {
      // The wait says that the future is new; so only its end has to be kept.
      Table.endLife(.thing, event.record.object)
    } else {
      noteWait(event.record.object, site: event.record.site)
    }
    suspend(event, task)
  }

  private static func endTask(_ event: Happening) {
    let task = task(event)
    guard task >= 0 else { return }
    leave(task, event.thread)
    Table.clear(task, .announcement)
    Table.clear(task, .ready)
    Table.clear(task, .run)
    forgetCancel(task)
    Table.set(task, event.node(.end))
    Table.entities[Int(task)].isOver = true
  }

  private static func endBlock(_ resource: UInt64, _ own: Int32) {
    var block = Table.node(own, .block)
    while block >= 0 {
      let ends = Table.nodes[Int(block)].record.subject == resource
      Table.remove(own, block)
      if ends { return }
      block = Table.node(own, .block)
    }
  }

  private static func wakeLoop(_ event: Happening) {
    keep(event, .loop, .wakeup)
    // run_coroutine_threadsafe makes a concurrent future and wakes the loop in one go.
    let future = Party(
      entity: threads[event.thread].future, serial: threads[event.thread].futureSerial)
    threads[event.thread].future = -1
    if isCurrent(future) { Table.set(future.entity, event.node(.submission)) }
  }

  private static func applyOutside(_ event: Happening) {
    let record = event.record
    switch UInt32(record.timeKind & 0xff) {
    case CORONER_TIMER_ARM.rawValue:
      let timer = Table.findOrAdd(.timer, record.subject, .resource)
      guard timer >= 0 else { return }
      let known = Table.node(timer, .timer)
      if known >= 0, deadline(Table.nodes[Int(known)].record) <= record.time {
        Table.clear(timer, .timer)
      }
      Table.push(timer, event.node(.timer))
      threads[event.thread].nextTimer = min(threads[event.thread].nextTimer, deadline(record))
    case CORONER_TIMER_CANCEL.rawValue: Table.endLife(.timer, record.subject)
    case CORONER_IO_REGISTER.rawValue, CORONER_IO_UNREGISTER.rawValue:
      guard record.value & CORONER_IO_INTERNAL.rawValue == 0 else { return }
      let key = record.subject << 2 | UInt64(record.value & CORONER_IO_WRITE.rawValue)
      let watch = Table.findOrAdd(.descriptor, key, .resource)
      if watch >= 0 { Table.set(watch, event.node(.watch)) }
    default:
      if record.value == 0 { return Table.endLife(.signal, record.subject) }
      let signal = Table.findOrAdd(.signal, record.subject, .resource)
      if signal >= 0 { Table.push(signal, event.node(.handler)) }
    }
  }

  /// When a timer is due, in ticks.
  static func deadline(_ record: Record) -> UInt64 {
    record.time &+ UInt64(record.value) &* platform_ticks_per_second() / 1000
  }

  /// The events of the latest complete snapshot are kept, and those of the one that is being taken.
  private static func applySnapshot(_ event: Happening) {
    let kind = UInt32(event.record.timeKind & 0xff)
    if kind == CORONER_SNAPSHOT_BEGIN.rawValue { Table.endLife(.snapshot, taking) }
    let snapshot = Table.findOrAdd(.snapshot, taking, .resource)
    guard snapshot >= 0 else { return }
    Table.push(snapshot, event.node(.snapshot))
    guard kind == CORONER_SNAPSHOT_END.rawValue else { return }
    if event.record.value != 0 { return Table.free(snapshot) }
    Table.endLife(.snapshot, taken)
    Table.rename(snapshot, to: taken)
  }
  private static var taking: UInt64 { 1 }
  private static var taken: UInt64 { 2 }
}

extension Record {
  /// A part of what happens in this one.
  fileprivate func of(
    _ kind: coroner_event_kind, _ subject: UInt64, _ object: UInt64, value: UInt32 = 0
  ) -> Record {
    Record(
      timeKind: timeKind & ~0xff | UInt64(kind.rawValue), subject: subject, object: object,
      site: site, value: value)
  }
}
