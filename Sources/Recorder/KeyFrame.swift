import CPlatform
import TraceABI

/// Writes the events of LiveState, thread by thread, as the sections that begin a segment.
///
/// Who acts in an event is what runs on its thread: where that is another party than the one that acted, the
/// event gets a task-resume in front and a task-suspend behind it.
enum KeyFrame {
  private typealias Table = LiveTable

  nonisolated(unsafe) private static var order: UnsafeMutablePointer<Int32>!
  nonisolated(unsafe) private static var orderCapacity = 0
  /// As a hot buffer: what the encoder takes.
  nonisolated(unsafe) private static var buffer: UnsafeMutablePointer<coroner_buffer>!
  nonisolated(unsafe) private static var count = 0
  /// Sections of the thread so far, and the latest time in them.
  nonisolated(unsafe) private static var written = 0
  nonisolated(unsafe) private static var time: UInt64 = 0
  /// The task that has been resumed for what it did, and is to be suspended again.
  nonisolated(unsafe) private static var resumed: Int32 = -1
  nonisolated(unsafe) private static var isComplete = true

  static func start() -> Bool {
    if buffer == nil {
      guard let memory = platform_reserve(Int(CORONER_BUFFER_SIZE)) else { return false }
      buffer = memory.bindMemory(to: coroner_buffer.self, capacity: 1)
      buffer.pointee.content = UInt32(CORONER_BUFFER_EVENTS.rawValue)
    }
    if orderCapacity < Table.capacity {
      guard let memory = platform_reserve(Table.capacity &* 4) else { return false }
      order = memory.bindMemory(to: Int32.self, capacity: Table.capacity)
      orderCapacity = Table.capacity
    }
    return true
  }

  /// Writes all that matters as of now. Whether there was room for it.
  static func write() -> Bool {
    isComplete = true
    let total = collect()
    sort(total)
    var done = 0
    while done < total {
      let slot = Table.nodes[Int(order[done])].thread
      let thread = LiveState.thread(slot)
      begin(slot, thread)
      while done < total, Table.nodes[Int(order[done])].thread == slot {
        if thread >= 0 { emit(order[done], Int(thread)) }
        done &+= 1
      }
      suspendResumed()
      flush()
    }
    cutForgottenThreads()
    return isComplete
  }

  /// Threads that are gone and forgotten, but whose buffers have not been moved yet: nothing of these is new.
  private static func cutForgottenThreads() {
    for number in 0..<BufferPool.count {
      let buffer = Int32(truncatingIfNeeded: number)
      let it = BufferPool.memory(of: buffer)
      guard platform_load32(&it.pointee.state) != CORONER_BUFFER_FREE.rawValue,
        it.pointee.content == CORONER_BUFFER_EVENTS.rawValue, Ring.hasAppliedSome(buffer),
        Table.peek(.thread, UInt64(it.pointee.thread)) < 0
      else { continue }
      begin(it.pointee.thread, -1)
      flush()
    }
  }

  // MARK: the order

  private static func collect() -> Int {
    var total = 0
    for i in 0..<Table.entityEnd where Table.entities[i].kind != .free {
      var node = Table.entities[i].first
      while node >= 0 {
        order[total] = node
        total &+= 1
        node = Table.nodes[Int(node)].next
      }
    }
    return total
  }

  /// By thread, then as they happened; a past comes after all that it sums up, and a thread's end last.
  private static func isBefore(_ a: Int32, _ b: Int32) -> Bool {
    let (x, y) = (Table.nodes[Int(a)], Table.nodes[Int(b)])
    return x.thread != y.thread ? x.thread < y.thread : place(x) < place(y)
  }
  private static func place(_ node: LiveNode) -> UInt64 {
    if node.slot == .past { return .max &- 1 }
    return node.record.timeKind & 0xff == UInt64(CORONER_THREAD_END.rawValue) ? .max : node.stamp
  }

  /// Heapsort: no memory, no worst case.
  private static func sort(_ total: Int) {
    var start = total / 2
    var end = total
    while end > 1 {
      if start > 0 {
        start &-= 1
      } else {
        end &-= 1
        (order[end], order[0]) = (order[0], order[end])
      }
      var parent = start
      while 2 &* parent &+ 1 < end {
        var child = 2 &* parent &+ 1
        if child &+ 1 < end, isBefore(order[child], order[child &+ 1]) { child &+= 1 }
        guard isBefore(order[parent], order[child]) else { break }
        (order[parent], order[child]) = (order[child], order[parent])
        parent = child
      }
    }
  }

  // MARK: one thread

  private static func begin(_ slot: UInt32, _ thread: Int32) {
    buffer.pointee.thread = slot
    // Of a thread that is not known any more nothing comes.
    buffer.pointee.first_index =
      thread >= 0 ? LiveState.threads[Int(thread)].nextIndex : UInt64.max
    (count, written, time, resumed) = (0, 0, 0, -1)
  }

  private static func emit(_ node: Int32, _ thread: Int) {
    var it = Table.nodes[Int(node)]
    time = max(time, it.record.time)
    let kind = UInt32(it.record.timeKind & 0xff)
    let actor = LiveState.Party(entity: it.actor, serial: it.actorSerial)
    switch it.slot {
    case .block: suspendResumed()
    case .broken where isSame(node, .run): return
    case .once, .again: return tellTurn(it)
    case .provider:
      guard let told = LiveState.told(it) else { return }
      it.record = told
    case .announcement where !isScheduled(it.record.subject): return  // with the wait
    case .run where kind == CORONER_TASK_SUSPEND.rawValue: announce(it.record.subject)
    case .past:
      // How many were put by others is counted above the flags.
      let (flags, others) = (it.record.value & 0xff, UInt64(it.record.value >> 8))
      let isOverfed = others > it.record.object >> 32
      it.record.value = flags | (isOverfed ? CORONER_PAST_OVERFED.rawValue : 0)
    default: break
    }
    if needsActor(it), LiveState.isCurrent(actor),
      Table.entities[Int(actor.entity)].kind == .task, !isRunning(actor.entity, thread, it.stamp)
    {
      resume(actor.entity)
    } else if needsActor(it) {
      suspendResumed()
    }
    put(it.record)
    if it.slot == .run || it.slot == .broken || it.slot == .end { resumed = -1 }
    // A task that executors run may do the next thing on another thread.
    if resumed >= 0, Table.entities[Int(resumed)].isScheduled { suspendResumed() }
  }

  /// Whether it says something about who acts in the event.
  private static func needsActor(_ node: LiveNode) -> Bool {
    switch node.slot {
    case .create, .cancel, .done, .lost, .signal, .take, .put, .taskDone, .timer, .watch, .provider:
      true
    case .hold: node.record.timeKind & 0xff == UInt64(CORONER_ACQUIRED.rawValue)
    case .run, .broken: isWait(node.record)
    default: false
    }
  }

  private static func isWait(_ record: Record) -> Bool {
    let kind = UInt32(record.timeKind & 0xff)
    return kind == CORONER_TASK_WAIT.rawValue || kind == CORONER_TASK_WAIT_OWN.rawValue
  }

  /// Whether a task's event is also in another slot of it, and told there.
  private static func isSame(_ node: Int32, _ slot: LiveSlot) -> Bool {
    let it = Table.nodes[Int(node)]
    let other = Table.node(owner(it), slot)
    return other >= 0 && Table.nodes[Int(other)].stamp == it.stamp
  }

  /// The task that an event is about: who waits, or its subject.
  private static func owner(_ node: LiveNode) -> Int32 {
    isWait(node.record) ? node.actor : Table.peek(.thing, node.record.subject)
  }

  /// A turn that a task had since it was asked to end. Where its wait takes a resumption, that is one more.
  private static func tellTurn(_ node: LiveNode) {
    let task = Table.peek(.thing, node.record.subject)
    guard task >= 0 else { return }
    let run = Table.node(task, .run)
    guard run >= 0, Table.nodes[Int(run)].stamp != node.stamp,
      node.slot == .again || !isWait(Table.nodes[Int(run)].record)
    else { return }
    suspendResumed()
    put(node.record)
    put(event(CORONER_TASK_SUSPEND, node.record.subject, 0))
  }

  /// Whether the party's latest turn, which has not ended, had begun: its own resumption is told.
  private static func isRunning(_ entity: Int32, _ thread: Int, _ stamp: UInt64) -> Bool {
    guard LiveState.runs(entity, thread) else { return false }
    let run = Table.node(entity, .run)
    return run >= 0 && Table.nodes[Int(run)].stamp < stamp
  }

  private static func isScheduled(_ task: UInt64) -> Bool {
    let entity = Table.peek(.thing, task)
    return entity >= 0 && Table.entities[Int(entity)].isScheduled
  }

  /// What a suspension waits for, which a resumption in between would have made forgotten.
  private static func announce(_ task: UInt64) {
    let entity = Table.peek(.thing, task)
    guard entity >= 0, !Table.entities[Int(entity)].isScheduled else { return }
    let announcement = Table.node(entity, .announcement)
    if announcement >= 0 { put(Table.nodes[Int(announcement)].record) }
  }

  private static func resume(_ task: Int32) {
    guard resumed != task else { return }
    suspendResumed()
    let it = Table.entities[Int(task)]
    put(event(CORONER_TASK_RESUME, it.number, it.executor))
    resumed = task
  }

  private static func suspendResumed() {
    guard resumed >= 0 else { return }
    put(event(CORONER_TASK_SUSPEND, Table.entities[Int(resumed)].number, 0))
    resumed = -1
  }

  private static func event(
    _ kind: coroner_event_kind, _ subject: UInt64, _ object: UInt64
  ) -> Record {
    Record(
      timeKind: time << 8 | UInt64(kind.rawValue), subject: subject, object: object, site: 0,
      value: 0)
  }

  // MARK: sections

  private static func put(_ record: Record) {
    if count == Int((CORONER_BUFFER_SIZE &- 64) / 32) { flush() }
    let records = (UnsafeMutableRawPointer(buffer) + MemoryLayout<coroner_buffer>.size)
      .assumingMemoryBound(to: Record.self)
    records[count] = record
    records[count].timeKind = time << 8 | record.timeKind & 0xff
    count &+= 1
  }

  private static func flush() {
    if written > 0, count == 0 { return }
    if count == 0 { put(event(CORONER_THREAD_START, 0, 0)) }
    buffer.pointee.committed = UInt64(count)
    if !Ring.hasRoom || !append() { isComplete = false }
    written &+= 1
    count = 0
  }

  private static func append() -> Bool {
    let encoder = SectionEncoder.first
    guard let section = encoder.pointee.encode(buffer, kind: CORONER_SECTION_KEPT) else {
      return false
    }
    return TraceFile.append(section)
  }
}
