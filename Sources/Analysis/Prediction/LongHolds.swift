import History
import TraceFormat

/// Locks that were held for so long, with others in line, that a user notices.
struct LongHolds {
  struct Hold {
    var take: Take
    var party: UInt64
    var released: TraceInstant
    /// Who was kept longest by it, from when on and where; and how many were.
    var waiter: (party: UInt64, since: TraceInstant, site: StackID?)
    var waiters: Int
    /// The longest pause of the holder meanwhile.
    var pause: (duration: UInt64, site: StackID?, operation: Operation?)?
    var count = 1
    /// How long the waiter was kept by this hold alone.
    var duration: UInt64 { released.since(max(waiter.since, take.time)) }
  }

  /// The longest of each place where such a lock is taken.
  private(set) var holds: [Hold] = []
  private var waiting: [UInt64: Line] = [:]
  private var pauses: [UInt64: (duration: UInt64, site: StackID?, operation: Operation?)] = [:]

  /// What keeps others for as long as a slow callback keeps its loop is noticed as that is.
  static let threshold = Hazards.slowCallbackMilliseconds * 1_000_000
  private static let placeLimit = 64

  init() {}

  /// - Parameter taken: what a party holds, before the event.
  mutating func note(
    _ event: Event, by actor: Int?, in world: World, taken: (UInt64) -> [Take]
  ) {
    switch event.kind {
    case .taskWait, .taskWaitOwn, .taskSuspend:
      let task = event.kind == .taskSuspend ? world.livingParty(event.subject) : actor
      guard let task, let wait = world.parties[task].wait,
        case (let resource?, .acquire)? = wait.primitive, world.isLock(resource)
      else { return }
      waiting[world.resources[resource].serial, default: Line()].append(
        (world.parties[task].serial, wait.since, wait.site))
    case .taskResume:
      guard let task = world.livingParty(event.subject), let wait = world.parties[task].lastWait
      else { return }
      let serial = world.parties[task].serial
      if case (let resource?, .acquire)? = wait.primitive {
        let lock = world.resources[resource].serial
        waiting[lock]?.remove(serial)
        if waiting[lock]?.count == 0 { waiting[lock] = nil }
      }
      let duration = event.time.since(wait.since)
      guard !taken(serial).isEmpty, duration > pauses[serial]?.duration ?? 0 else { return }
      pauses[serial] = (duration, wait.site, wait.primitive?.operation)
    case .released:
      guard let actor, let index = world.livingResource(event.subject) else { return }
      let party = world.parties[actor].serial
      let lock = world.resources[index].serial
      let locks = taken(party)
      guard let take = locks.last(where: { $0.lock == lock }) else { return }
      note(take, of: party, event.time)
      if locks.count == 1 { pauses[party] = nil }
    default: break
    }
  }

  private mutating func note(_ take: Take, of party: UInt64, _ time: TraceInstant) {
    guard let kept = waiting[take.lock], let first = kept.first else { return }
    var hold = Hold(
      take: take, party: party, released: time, waiter: first, waiters: kept.count,
      pause: pauses[party])
    guard hold.duration >= Self.threshold else { return }
    if let known = holds.firstIndex(where: { $0.take.site == take.site }) {
      hold.count = holds[known].count + 1
      if hold.duration > holds[known].duration {
        holds[known] = hold
      } else {
        holds[known].count = hold.count
      }
    } else if holds.count < Self.placeLimit {
      holds.append(hold)
    }
  }
}

/// Those that wait for a lock, in the order in which they came. Mostly the first one leaves.
private struct Line {
  typealias Waiter = (party: UInt64, since: TraceInstant, site: StackID?)
  private var waiters: [Waiter] = []
  /// The place of each in `waiters`, counted from the first that there ever was.
  private var places: [UInt64: Int] = [:]
  private var dropped = 0
  private var head = 0

  var count: Int { places.count }
  var first: Waiter? { head < waiters.count ? waiters[head] : nil }

  mutating func append(_ waiter: Waiter) {
    places[waiter.party] = dropped + waiters.count
    waiters.append(waiter)
    skip()
  }

  mutating func remove(_ party: UInt64) {
    guard places.removeValue(forKey: party) != nil else { return }
    skip()
    if head > 64, head > waiters.count / 2 {
      waiters.removeFirst(head)
      dropped += head
      head = 0
    }
  }

  /// Goes to the first that is still there.
  private mutating func skip() {
    while head < waiters.count, places[waiters[head].party] != dropped + head { head += 1 }
  }
}
