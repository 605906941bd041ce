import CPlatform
import TraceABI

/// How what was made at one place has been ended, set or filled, and by whom: for each of these one event, kept with
/// its party. A reader learns from that who has to do it the next time.
///
/// As in the reader, but by the stack of the place: which of its frames counts does not show here.
extension LiveState {
  /// More that did the same are not told apart: whoever does it then is nobody in particular.
  private static let providerLimit = 16
  /// A program has as many as it has places in its source; a share of the room is for them.
  private static var habitLimit: Int { Table.capacity / 8 }

  /// In the event's object: how often in the lower bits, then how often it may have been a timer's callback, then flags.
  private static let (timers, flags): (UInt64, UInt64) = (32, 56)
  private static let most: UInt64 = 0xff_ffff

  nonisolated(unsafe) private static var habitCount = 0
  /// Whether all is there so far.
  nonisolated(unsafe) private static var learns = false

  /// Begins to learn: as long as this is kept, nothing is missing.
  static func beginHabits(_ event: Happening) {
    guard stamp == 1 else { return }
    (habitCount, learns) = (0, true)
    let all = Table.add(.habit, 0, .resource)
    if all >= 0 { Table.push(all, habit(event, made: 0, kind: 0)) }
  }

  private static func habit(_ event: Happening, made: UInt64, kind: UInt32) -> LiveNode {
    var new = event.node(.provider, holder: event.actor.entity)
    new.record = Record(
      timeKind: event.record.timeKind & ~0xff | UInt64(CORONER_HABIT.rawValue), subject: made,
      object: 0, site: event.record.site, value: kind)
    return new
  }

  /// Somebody has ended, set or filled something.
  static func noteHabit(_ event: Happening, _ resource: Int32) {
    let create = learns ? Table.node(resource, .create) : -1
    guard create >= 0 else { return }
    let made = Table.nodes[Int(create)]
    guard let place = place(of: made.record) else { return }
    var new = habit(event, made: UInt64(made.record.site), kind: made.record.value)
    let known = provider(event, place)
    if known >= 0 {
      new.record.object = Table.nodes[Int(known)].record.object
      Table.remove(place, known)
    } else {
      makeRoom(place, &new)
    }
    new.record.object = counted(new.record.object, event, made)
    if event.actor.entity >= 0, Table.entities[Int(event.actor.entity)].kind != .task {
      Table.entities[Int(place)].isCrowded = true  // a job, of which there is another one each time
    }
    Table.push(place, new)
  }

  private static func key(_ made: UInt64, _ kind: UInt32) -> UInt64 { made | UInt64(kind) << 32 }

  /// What is known of the place where something was made, be it nothing yet; nothing if that place is not known.
  private static func place(of create: Record) -> Int32? {
    guard create.site != 0 else { return nil }
    let place = Table.findOrAdd(.habit, key(UInt64(create.site), create.value), .resource)
    if place < 0 { forgetHabits() }
    return place < 0 ? nil : place
  }

  /// The same party's event; when many did it, the one that there is.
  private static func provider(_ event: Happening, _ place: Int32) -> Int32 {
    var node = Table.entities[Int(place)].first
    while node >= 0 {
      let it = Table.nodes[Int(node)]
      if Table.entities[Int(place)].isCrowded { return node }
      if it.actor == event.actor.entity, it.actorSerial == event.actor.serial,
        it.actor >= 0 || it.thread == threads[event.thread].slot
      {
        return node
      }
      node = it.next
    }
    return -1
  }

  /// Of too many those before become one with the new one.
  private static func makeRoom(_ place: Int32, _ new: inout LiveNode) {
    var count = 0
    var node = Table.entities[Int(place)].first
    while node >= 0 {
      count &+= 1
      node = Table.nodes[Int(node)].next
    }
    habitCount &+= 1
    if habitCount > habitLimit { return forgetHabits() }
    guard count >= providerLimit else { return }
    while Table.entities[Int(place)].first >= 0 {
      let it = Table.entities[Int(place)].first
      new.record.object = summed(new.record.object, Table.nodes[Int(it)].record.object)
      Table.remove(place, it)
      habitCount &-= 1
    }
    Table.entities[Int(place)].isCrowded = true
  }

  private static func summed(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let count = min((a & 0xffff_ffff) &+ (b & 0xffff_ffff), 0xffff_ffff)
    let due = min((a >> timers & most) &+ (b >> timers & most), most)
    return count | due << timers | (a | b) & (0xff << flags)
  }

  private static func counted(_ habit: UInt64, _ event: Happening, _ made: LiveNode) -> UInt64 {
    let maker = Party(entity: made.actor, serial: made.actorSerial)
    let isByThread = event.actor.entity < 0
    let isMaker =
      made.actor == event.actor.entity && made.actorSerial == event.actor.serial
      && (!isByThread || made.thread == threads[event.thread].slot)
    // A callback that ran at a time at which a timer of its loop was due may be that timer's.
    let isTimers = isByThread && threads[event.thread].nextTimer <= event.record.time
    var one: UInt64 = 1 | (isTimers ? 1 << timers : 0)
    if !isMaker { one |= UInt64(CORONER_HABIT_OTHERS.rawValue) << flags }
    if hasEnded(maker, made.thread) { one |= UInt64(CORONER_HABIT_ALONE.rawValue) << flags }
    return summed(habit, one)
  }

  private static func hasEnded(_ maker: Party, _ thread: UInt32) -> Bool {
    if maker.entity >= 0 { return !isCurrent(maker) || Table.entities[Int(maker.entity)].isOver }
    let own = Table.peek(.thread, UInt64(thread))
    return own < 0 || Table.entities[Int(own)].isOver
  }

  /// Something is forgotten that somebody may end yet, and nobody will learn who: then nobody in particular does so, at
  /// its place.
  static func forgetHabit(of resource: Int32) {
    switch UInt32(Table.entities[Int(resource)].resourceKind) {
    case CORONER_RESOURCE_LOCK.rawValue, CORONER_RESOURCE_THREAD_LOCK.rawValue: return
    default: break
    }
    let create = learns ? Table.node(resource, .create) : -1
    guard create >= 0, let place = place(of: Table.nodes[Int(create)].record) else { return }
    Table.entities[Int(place)].isCrowded = true
  }

  /// There are too many: what is told of them would not be all.
  private static func forgetHabits() {
    learns = false
    let all = Table.peek(.habit, 0)
    if all >= 0 { Table.free(all) }
  }

  /// A task that somebody waits for, or that is part of something: whoever does that learns how it ends.
  static func noteWait(_ number: UInt64, site: UInt32) {
    let awaited = Table.peek(.thing, number)
    guard awaited >= 0 else { return }
    switch Table.entities[Int(awaited)].kind {
    case .task: Table.entities[Int(awaited)].isWatched = true
    case .resource:
      // Who makes a continuation waits for it there and then.
      let create = Table.node(awaited, .create)
      if create >= 0, Table.nodes[Int(create)].record.site == 0 {
        Table.nodes[Int(create)].record.site = site
      }
    default: break
    }
  }

  /// As it is told: with what is known by now of who did it. Nothing if the whole is not known.
  static func told(_ habit: LiveNode) -> Record? {
    var record = habit.record
    if record.subject == 0 { return Table.missing == 0 ? record : nil }
    let place = Table.peek(.habit, key(record.subject, record.value))
    if place < 0 || Table.entities[Int(place)].isCrowded {
      record.object |= UInt64(CORONER_HABIT_CROWDED.rawValue) << flags
    }
    let actor = Party(entity: habit.actor, serial: habit.actorSerial)
    if isCurrent(actor), Table.entities[Int(actor.entity)].isWatched {
      record.object |= UInt64(CORONER_HABIT_WATCHED.rawValue) << flags
    }
    return record
  }
}
