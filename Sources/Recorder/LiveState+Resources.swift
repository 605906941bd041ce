import CPlatform
import TraceABI

/// What is waited for, and who has it.
extension LiveState {
  /// As many takes of a queue are kept: pools are small.
  private static let takeLimit: UInt64 = 256

  static func applyResource(_ event: Happening) {
    let record = event.record
    switch UInt32(record.timeKind & 0xff) {
    case CORONER_RESOURCE_CREATE.rawValue: create(event)
    case CORONER_DEPENDS.rawValue: depend(event)
    case CORONER_NAME.rawValue: set(event, .name)
    case CORONER_FUTURE_DONE.rawValue:
      let future = resource(record.subject)
      guard future >= 0, Table.entities[Int(future)].kind != .task,
        !Table.entities[Int(future)].isOver
      else { return }
      if record.value == 0 { noteHabit(event, future) }
      Table.set(future, event.node(.done))
      Table.entities[Int(future)].isOver = true
    case CORONER_ACQUIRED.rawValue: acquire(event)
    case CORONER_RELEASED.rawValue: release(event)
    case CORONER_HELD.rawValue: hold(event)
    case CORONER_EVENT_SET.rawValue:
      let known = resource(record.subject)
      guard known >= 0 else { return }
      Table.set(known, event.node(.signal))
      Table.clear(known, .cleared)
      noteHabit(event, known)
    case CORONER_EVENT_CLEARED.rawValue: set(event, .cleared)
    case CORONER_NOTIFIED.rawValue:
      let known = resource(record.subject)
      guard known >= 0 else { return }
      Table.set(known, event.node(.signal))
      noteHabit(event, known)
    case CORONER_FUTURE_LOST.rawValue: set(event, .lost)
    case CORONER_QUEUE_PUT.rawValue: put(event)
    case CORONER_QUEUE_GOT.rawValue: get(event)
    case CORONER_QUEUE_TASK_DONE.rawValue:
      set(event, .taskDone)
      let queue = Table.find(.thing, record.subject)
      if queue >= 0 { Table.clear(queue, .take) }  // no pool
    case CORONER_THREAD_BIND.rawValue: set(event, .binding)
    default: break
    }
  }

  private static func resource(_ number: UInt64) -> Int32 {
    Table.findOrAdd(.thing, number, .resource)
  }

  private static func set(_ event: Happening, _ slot: LiveSlot) {
    let known = resource(event.record.subject)
    if known >= 0 { Table.set(known, event.node(slot)) }
  }

  private static func create(_ event: Happening) {
    let record = event.record
    var known = Table.find(.thing, record.subject)
    // A lock may be told only when somebody waits for it, and have been taken or named before.
    let isUnseen =
      known >= 0 && Table.entities[Int(known)].kind == .resource
      && Table.node(known, .create) < 0 && record.value != CORONER_RESOURCE_THREAD_LOCK.rawValue
      && (Table.node(known, .hold) >= 0 || Table.node(known, .name) >= 0)
    if !isUnseen {
      Table.endLife(.thing, record.subject)
      known = Table.add(.thing, record.subject, .resource)
      guard known >= 0 else { return }
    }
    Table.entities[Int(known)].resourceKind = UInt8(truncatingIfNeeded: record.value)
    Table.set(known, event.node(.create))
    if record.value == CORONER_RESOURCE_CONCURRENT_FUTURE.rawValue {
      threads[event.thread].future = known
      threads[event.thread].futureSerial = Table.entities[Int(known)].serial
    }
  }

  static func depend(_ event: Happening) {
    let job = Table.find(.job, event.record.subject)
    if job >= 0 { return Table.push(job, event.node(.member)) }
    let outer = resource(event.record.subject)
    guard outer >= 0 else { return }
    if event.record.value == CORONER_DEPENDS_GUARD.rawValue {
      Table.set(outer, event.node(.guarded))
    } else if event.record.object == 0 {
      Table.set(outer, event.node(.asked))
    } else {
      let inner = Table.peek(.thing, event.record.object)
      if inner >= 0 { Table.entities[Int(inner)].isWatched = true }
      forgetMembers(of: outer)
      Table.push(outer, event.node(.member))
      Table.entities[Int(outer)].members &+= 1
    }
  }

  /// A group may get members for as long as the program runs: those that have ended, without a fault, are let go of in
  /// steps that cost a constant time each. Where the first one to end counts, these are its last ones.
  private static func forgetMembers(of outer: Int32) {
    let it = Table.entities[Int(outer)]
    guard it.members >= max(64, 2 &* it.keptMembers) else { return }
    var (kept, node): (UInt32, Int32) = (0, it.first)
    let asked = Table.node(outer, .asked)
    let since = asked >= 0 ? Table.nodes[Int(asked)].stamp : 0
    while node >= 0 {
      let next = Table.nodes[Int(node)].next
      if Table.nodes[Int(node)].slot == .member {
        if isPast(Table.nodes[Int(node)], since: since) {
          Table.remove(outer, node)
        } else {
          kept &+= 1
        }
      }
      node = next
    }
    (Table.entities[Int(outer)].members, Table.entities[Int(outer)].keptMembers) = (kept, kept)
  }

  private static func isPast(_ member: LiveNode, since asked: UInt64) -> Bool {
    let inner = Table.peek(.thing, member.record.object)
    guard inner >= 0 else { return true }
    let end = Table.node(inner, .end)
    guard Table.entities[Int(inner)].kind == .task, end >= 0 else { return false }
    let it = Table.nodes[Int(end)]
    if it.record.value == CORONER_OUTCOME_ERROR.rawValue { return false }
    return asked > 0 ? it.stamp < asked : member.record.value == CORONER_DEPENDS_ALL.rawValue
  }

  // MARK: holds

  /// The party on whose behalf something is taken or given back: one that the event names, or who acts.
  private static func party(_ event: Happening) -> Int32 {
    guard event.record.object != 0 else { return event.actor.entity }
    let named = Table.find(.thing, event.record.object)
    return named >= 0 && Table.entities[Int(named)].kind == .task ? named : event.actor.entity
  }

  private static func isHold(_ node: Int32, of party: Int32, _ thread: Int) -> Bool {
    let it = Table.nodes[Int(node)]
    return it.holder == party && (party >= 0 || it.thread == threads[thread].slot)
  }

  /// The party's latest event in a list; -1 if it has none.
  private static func own(
    _ list: LiveSlot, _ entity: Int32, _ party: Int32, _ thread: Int
  ) -> Int32 {
    var node = Table.entities[Int(entity)].first
    while node >= 0 {
      if Table.nodes[Int(node)].slot == list, isHold(node, of: party, thread) { return node }
      node = Table.nodes[Int(node)].next
    }
    return -1
  }

  private static func acquire(_ event: Happening) {
    let lock = resource(event.record.subject)
    guard lock >= 0 else { return }
    let taker = party(event)
    if taker == event.actor.entity {
      // What was handed over to it counts where it goes on.
      let handed = own(.hold, lock, taker, event.thread)
      if handed >= 0, Table.nodes[Int(handed)].record.object != 0 { Table.remove(lock, handed) }
    }
    Table.push(lock, event.node(.hold, holder: taker))
  }

  private static func hold(_ event: Happening) {
    let lock = resource(event.record.subject)
    guard lock >= 0 else { return }
    if Table.entities[Int(lock)].resourceKind != UInt8(CORONER_RESOURCE_SEMAPHORE.rawValue) {
      Table.clear(lock, .hold)
    }
    let named = Table.find(.thing, event.record.object)
    let isTask = named >= 0 && Table.entities[Int(named)].kind == .task
    let taker = isTask ? named : holder(event)
    var new = event.node(.hold, holder: taker)
    // Who runs there now need not run there when this is read.
    if taker >= 0, Table.entities[Int(taker)].kind == .task {
      new.record.object = Table.entities[Int(taker)].number
    }
    Table.push(lock, new)
  }

  /// What runs on the thread that the event names.
  private static func holder(_ event: Happening) -> Int32 {
    for i in 0..<threadCount {
      let start = Table.node(threads[i].entity, .start)
      if start >= 0, Table.nodes[Int(start)].record.subject == event.record.object {
        return actor(i).entity
      }
    }
    return -1
  }

  /// Gives back the party's own take, else that of a party that has ended, else the oldest.
  private static func release(_ event: Happening) {
    let lock = resource(event.record.subject)
    guard lock >= 0 else { return }
    let giver = party(event)
    let taken = own(.hold, lock, giver, event.thread)
    if taken >= 0 {
      Table.remove(lock, taken)
      if Table.entities[Int(lock)].resourceKind == UInt8(CORONER_RESOURCE_SEMAPHORE.rawValue) {
        notePast(event, lock) { $0.record.value |= CORONER_PAST_OWN.rawValue }
      }
      return
    }
    // Held by a thread of which another one told, or by what ran there then.
    let latest = Table.node(lock, .hold)
    if latest >= 0, Table.nodes[Int(latest)].record.timeKind & 0xff == CORONER_HELD.rawValue {
      return Table.remove(lock, latest)
    }
    if countsSignals(lock) { noteHabit(event, lock) }
    notePast(event, lock) { $0.record.value |= CORONER_PAST_FOREIGN.rawValue }
    let oldest = endedOrOldest(.hold, lock)
    if oldest >= 0 { return Table.remove(lock, oldest) }
    // A semaphore that counts signals grows.
    let create = Table.node(lock, .create)
    if create >= 0 {
      if Table.nodes[Int(create)].record.object == 0 {
        notePast(event, lock) { $0.record.value |= CORONER_PAST_EMPTY.rawValue }
      }
      Table.nodes[Int(create)].record.object &+= 1
    }
  }

  /// Whether a semaphore passes on signals: it began with none, and who takes one does not give it back.
  private static func countsSignals(_ semaphore: Int32) -> Bool {
    let it = Table.entities[Int(semaphore)]
    guard it.resourceKind == UInt8(CORONER_RESOURCE_SEMAPHORE.rawValue) else { return false }
    let (create, past) = (Table.node(semaphore, .create), Table.node(semaphore, .past))
    let flags = past >= 0 ? Table.nodes[Int(past)].record.value : 0
    guard create >= 0, flags & CORONER_PAST_OWN.rawValue == 0 else { return false }
    return flags & CORONER_PAST_EMPTY.rawValue != 0 || Table.nodes[Int(create)].record.object == 0
  }

  private static func endedOrOldest(_ list: LiveSlot, _ entity: Int32) -> Int32 {
    var found: Int32 = -1
    var ended: Int32 = -1
    var node = Table.entities[Int(entity)].first
    while node >= 0 {
      if Table.nodes[Int(node)].slot == list {
        found = node
        let holder = Table.nodes[Int(node)].holder
        if holder >= 0, Table.entities[Int(holder)].isOver { ended = node }
      }
      node = Table.nodes[Int(node)].next
    }
    return ended >= 0 ? ended : found
  }

  // MARK: queues

  /// Changes what is kept of a resource's past as one event.
  private static func notePast(
    _ event: Happening, _ entity: Int32, _ change: (inout LiveNode) -> Void
  ) {
    if Table.node(entity, .past) < 0 {
      var new = event.node(.past)
      new.record = Record(
        timeKind: event.record.timeKind & ~0xff | UInt64(CORONER_PAST.rawValue),
        subject: event.record.subject, object: 0, site: 0, value: 0)
      Table.push(entity, new)
    }
    let past = Table.node(entity, .past)
    if past >= 0 { change(&Table.nodes[Int(past)]) }
  }

  private static func put(_ event: Happening) {
    let queue = resource(event.record.subject)
    guard queue >= 0 else { return }
    let unfinished = Table.node(queue, .taskDone)
    let before = Table.node(queue, .put)
    if unfinished >= 0, before >= 0,
      Table.nodes[Int(before)].stamp > Table.nodes[Int(unfinished)].stamp
    {
      // That put will not be told.
      Table.nodes[Int(unfinished)].record.value &+= UInt32(count(Table.nodes[Int(before)].record))
    }
    Table.set(queue, event.node(.put))
    noteHabit(event, queue)
    let past = Table.node(queue, .past)
    guard past >= 0 else { return }  // nobody has taken anything yet
    for _ in 0..<count(event.record) { putBack(event, queue, past) }
  }

  /// How many items one event is about.
  private static func count(_ record: Record) -> Int {
    1 &+ Int(min(record.object, UInt64(CORONER_MORE_LIMIT)))
  }

  private static func putBack(_ event: Happening, _ queue: Int32, _ past: Int32) {
    var mine = own(.take, queue, event.actor.entity, event.thread)
    if mine < 0, Table.nodes[Int(past)].record.site != 0 {
      mine = endedOrOldest(.take, queue)
      if mine >= 0 { Table.nodes[Int(past)].record.value |= CORONER_PAST_FOREIGN.rawValue }
    }
    if mine >= 0 {
      Table.remove(queue, mine)
      Table.nodes[Int(past)].record.object &+= 1 << 32
    } else {
      // How many more than were put back, in the bits above the flags.
      Table.nodes[Int(past)].record.value &+= 1 << 8
    }
  }

  private static func get(_ event: Happening) {
    let queue = resource(event.record.subject)
    guard queue >= 0 else { return }
    var one = event
    one.record.object = 0
    for _ in 0..<count(event.record) { get(one, queue) }
  }

  private static func get(_ event: Happening, _ queue: Int32) {
    let isFirst = Table.node(queue, .past) < 0
    notePast(event, queue) { $0.record.object &+= 1 }
    let past = Table.node(queue, .past)
    guard past >= 0 else { return }
    if isFirst { noteFilling(queue, past) }
    let it = Table.nodes[Int(past)].record
    let (gets, returns) = (it.object & 0xffff_ffff, it.object >> 32)
    // More comes from others than is put back: no pool, whose takes would matter.
    guard gets < takeLimit || UInt64(it.value >> 8) <= returns, Table.node(queue, .taskDone) < 0
    else { return Table.clear(queue, .take) }
    if gets > takeLimit, gets &- returns > takeLimit {
      let oldest = endedOrOldest(.take, queue)
      if oldest >= 0 { Table.remove(queue, oldest) }
    }
    Table.push(queue, event.node(.take, holder: event.actor.entity))
  }

  /// Whether who made the queue filled it before anybody took an item: then its stacks are compared later.
  private static func noteFilling(_ queue: Int32, _ past: Int32) {
    let made = Table.node(queue, .create)
    let put = Table.node(queue, .put)
    guard made >= 0, put >= 0 else { return }
    let (maker, filler) = (Table.nodes[Int(made)], Table.nodes[Int(put)])
    guard maker.record.object > 0, UInt64(filler.record.value) == maker.record.object,
      maker.actor == filler.actor, maker.thread == filler.thread
    else { return }
    Table.nodes[Int(past)].record.site = filler.record.site
  }
}
