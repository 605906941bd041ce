import History
import TraceFormat

/// A lock that a party took, and has not given back.
struct Take {
  /// The lock's serial number.
  var lock: UInt64
  var time: TraceInstant
  var site: StackID?
  /// Whether the party has paused since.
  var hasPaused = false
}

/// A lock that was taken by a party that held another one.
struct NestedTake {
  /// Which event of the trace it is.
  var ordinal: UInt64
  /// The party's serial number.
  var party: UInt64
  /// The loop or serial executor that it shares with others: they have their turns one at a time.
  var turns: UInt64?
  var outer: Take
  var inner: Take
  /// What else kept others out meanwhile: the other locks that it held, and an executor that runs one job at a time.
  var gates: Set<UInt64>
  /// Other things that it had a part of, of which only so many have one.
  var shares: [UInt64] = []

  /// Whether two parties can stand at these takes at the same time, as far as what they hold says.
  func canCoincide(with other: NestedTake) -> Bool {
    party != other.party && outer.lock != other.outer.lock && gates.isDisjoint(with: other.gates)
      && !gates.contains(other.outer.lock) && !other.gates.contains(outer.lock)
  }
}

/// Which locks were taken under which others.
///
/// The lock trees of GoodLock (Havelund 2000), flattened into dependencies with the set of all locks held, as in
/// iGoodLock (Joshi et al. 2009): what one party holds tells which of its takes are guarded by a gate lock. Locks
/// are told apart by identity, not by the place that made them: two objects of one class that are locked in a fixed
/// order, parent before child, are no inversion.
struct LockOrder {
  struct Order: Hashable {
    var outer: UInt64
    var inner: UInt64
  }

  private(set) var takes: [Order: [NestedTake]] = [:]
  /// Locks, of those that are in some order, that were held by somebody who paused.
  private(set) var paused: Set<UInt64> = []
  /// Locks that two held at once, or that are given back by others than those that took them: readers' locks and
  /// signals.
  private(set) var unowned: Set<UInt64> = []
  private var held: [UInt64: [Take]] = [:]
  private var holders: [UInt64: UInt64] = [:]
  private var ordered: Set<UInt64> = []
  /// The lock that a party's thread waits for with a limit.
  private var limited: [UInt64: UInt64] = [:]

  /// A program with more orders than this makes locks for every request; those that were met longest ago are let go of.
  private static let orderLimit = 1 << 15
  /// The first and the latest takes in one order are kept: enough to find two that nothing orders.
  private static let firstTakes = 4
  private static let takeLimit = 8
  /// Who holds more is a structure of locks rather than a section; only the innermost ones are compared.
  private static let depthLimit = 16

  init() {}

  /// The locks that a party holds, oldest first.
  func taken(by party: UInt64) -> [Take] { held[party] ?? [] }

  /// Notes what an event does; the world has taken it into account already.
  /// - Parameter actor: who ran on the event's thread before it.
  mutating func note(_ event: Event, ordinal: UInt64, by actor: Int?, in world: World) {
    switch event.kind {
    case .acquired:
      guard let actor, event.object == 0 || world.livingParty(event.object) == actor,
        let lock = world.livingResource(event.subject), world.isLock(lock)
      else { return }
      take(lock, event, ordinal, by: actor, in: world)
    case .held:
      guard let lock = world.livingResource(event.subject), world.isLock(lock),
        let told = world.resources[lock].holds.last
      else { return }
      let serial = world.resources[lock].serial
      guard holders[serial] == nil else { return }
      hold(Take(lock: serial, time: told.time, site: told.site), world.parties[told.party].serial)
    case .released:
      guard let lock = world.livingResource(event.subject), let actor else { return }
      let party = event.object == 0 ? actor : world.livingParty(event.object) ?? actor
      release(world.resources[lock].serial, by: world.parties[party].serial)
    case .blockBegin:
      guard let actor, event.value == Operation.acquire.rawValue, event.object != .max,
        let lock = world.livingResource(event.subject)
      else { return }
      limited[world.parties[actor].serial] = world.resources[lock].serial
    case .taskSuspend:
      if let task = world.livingParty(event.subject) { pause(world.parties[task].serial) }
    case .taskWait, .taskWaitOwn: if let actor { pause(world.parties[actor].serial) }
    case .taskEnd, .taskDestroyed:
      if let task = world.livingParty(event.subject) { forget(world.parties[task].serial) }
    default: break
    }
  }

  private mutating func take(
    _ lock: Int, _ event: Event, _ ordinal: UInt64, by actor: Int, in world: World
  ) {
    let party = world.parties[actor].serial
    let inner = Take(lock: world.resources[lock].serial, time: event.time, site: event.site)
    if let holder = holders[inner.lock] {
      // A lock that can be taken twice by one party; or one that several can have.
      if holder != party { unowned.insert(inner.lock) }
      return
    }
    let outers = held[party] ?? []
    hold(inner, party)
    // Who gives up after a while does not hang.
    let isLimited = limited.removeValue(forKey: party) == inner.lock
    guard !outers.isEmpty, !isLimited else { return }
    let (turns, gate) = world.turns(of: actor)
    for (index, outer) in outers.enumerated().suffix(Self.depthLimit) {
      var gates = Set(outers.indices.lazy.filter { $0 != index }.map { outers[$0].lock })
      if let gate { gates.insert(gate) }
      add(
        NestedTake(
          ordinal: ordinal, party: party, turns: turns, outer: outer, inner: inner, gates: gates))
    }
  }

  private mutating func hold(_ take: Take, _ party: UInt64) {
    held[party, default: []].append(take)
    holders[take.lock] = party
  }

  private mutating func add(_ take: NestedTake) {
    let order = Order(outer: take.outer.lock, inner: take.inner.lock)
    ordered.insert(order.outer)
    ordered.insert(order.inner)
    if take.outer.hasPaused { paused.insert(order.outer) }
    var known = takes[order] ?? []
    if known.count == Self.takeLimit { known.remove(at: Self.firstTakes) }
    known.append(take)
    takes[order] = known
    if takes.count > Self.orderLimit { forgetOldest() }
  }

  private mutating func release(_ lock: UInt64, by party: UInt64) {
    guard let holder = holders.removeValue(forKey: lock) else { return }
    if holder != party, ordered.contains(lock) { unowned.insert(lock) }
    held[holder]?.removeAll { $0.lock == lock }
    if held[holder]?.isEmpty == true { held[holder] = nil }
  }

  private mutating func pause(_ party: UInt64) {
    guard var locks = held[party] else { return }
    for index in locks.indices where !locks[index].hasPaused {
      locks[index].hasPaused = true
      if ordered.contains(locks[index].lock) { paused.insert(locks[index].lock) }
    }
    held[party] = locks
  }

  private mutating func forget(_ party: UInt64) {
    for take in held.removeValue(forKey: party) ?? [] { holders[take.lock] = nil }
  }

  private mutating func forgetOldest() {
    let latest = takes.values.compactMap { $0.last?.ordinal }.sorted()
    let limit = latest[latest.count / 2]
    takes = takes.filter { $0.value.last?.ordinal ?? 0 >= limit }
    ordered = Set(takes.keys.flatMap { [$0.outer, $0.inner] })
    paused.formIntersection(ordered)
    unowned.formIntersection(ordered)
  }
}

extension World {
  /// Whether only one can have it, until it gives it back.
  func isLock(_ index: Int) -> Bool {
    switch resources[index].kind {
    case .lock, .threadLock: true
    case .semaphore: resources[index].capacity == 1 && !resources[index].hasForeignRelease
    case .future, .condition, .event, .barrier, .queue, .group, .stream, .executor,
      .concurrentFuture, .thread, .process, .actor:
      false
    }
  }

  /// By whose turns a party runs, if one at a time has them, until it pauses; and what lets in one party until its end.
  fileprivate func turns(of index: Int) -> (turns: UInt64?, gate: UInt64?) {
    let party = parties[index]
    if let executor = party.executor {
      let record = resources[executor]
      if party.kind == .job { return (nil, record.capacity == 1 ? record.serial : nil) }
      return (record.kind == .actor ? record.serial : nil, nil)
    }
    guard party.kind == .task, !party.isScheduled else { return (nil, nil) }
    // Apart from the serial numbers of resources.
    return (UInt64(party.thread.number) | 1 << 63, nil)
  }
}
