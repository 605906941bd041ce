import History
import TraceFormat

/// Which parties took a permit while they had others of the same semaphore, or an item of a queue that lends them.
///
/// As many of them as together hold all permits, each with one too few, wait for each other.
struct PermitOrder {
  /// Takes of the last permit that each party needed, by semaphore.
  private(set) var takes: [UInt64: [NestedTake]] = [:]
  /// The permits that each of them had then, at least.
  private(set) var heldBefore: [UInt64: Int] = [:]
  private(set) var capacities: [UInt64: UInt64] = [:]
  private(set) var paused: Set<UInt64> = []
  private var held: [UInt64: [Take]] = [:]

  /// More permits than parties are kept for cannot run out among them.
  static let takeLimit = 32
  private static let semaphoreLimit = 1 << 12

  init() {}

  /// - Parameter locks: what the actor holds besides.
  mutating func note(
    _ event: Event, ordinal: UInt64, by actor: Int?, in world: World, locks: (UInt64) -> [Take]
  ) {
    switch event.kind {
    case .acquired, .queueGot:
      guard let actor, event.object == 0 || world.livingParty(event.object) == actor,
        let index = world.livingResource(event.subject), world.hasPermits(index)
      else { return }
      let party = world.parties[actor].serial
      let record = world.resources[index]
      let take = Take(lock: record.serial, time: event.time, site: event.site)
      let own = (held[party] ?? []).filter { $0.lock == take.lock }
      held[party, default: []].append(take)
      guard let outer = own.first, takes.count < Self.semaphoreLimit else { return }
      capacities[take.lock] = record.capacity
      if own.contains(where: \.hasPaused) { paused.insert(take.lock) }
      heldBefore[take.lock] = max(heldBefore[take.lock] ?? 0, own.count)
      // The latest take of each party; of many parties the first and the latest.
      var known = takes[take.lock] ?? []
      known.removeAll { $0.party == party }
      if known.count == Self.takeLimit { known.remove(at: Self.takeLimit / 2) }
      var nested = NestedTake(
        ordinal: ordinal, party: party, turns: nil, outer: outer, inner: take,
        gates: Set(locks(party).map(\.lock)))
      for other in held[party] ?? [] where other.lock != take.lock {
        nested.shares.append(other.lock)
        capacities[other.lock] = world.resource(serial: other.lock).map {
          world.resources[$0].capacity
        }
      }
      known.append(nested)
      takes[take.lock] = known
    case .released, .queuePut:
      guard let actor, let index = world.livingResource(event.subject) else { return }
      let isNamed = event.kind == .released && event.object != 0
      let party = isNamed ? world.livingParty(event.object) ?? actor : actor
      let serial = world.parties[party].serial
      let semaphore = world.resources[index].serial
      if let place = held[serial]?.lastIndex(where: { $0.lock == semaphore }) {
        held[serial]?.remove(at: place)
        if held[serial]?.isEmpty == true { held[serial] = nil }
      }
    case .taskSuspend:
      if let task = world.livingParty(event.subject) { pause(world.parties[task].serial) }
    case .taskWait, .taskWaitOwn: if let actor { pause(world.parties[actor].serial) }
    case .taskEnd, .taskDestroyed:
      if let task = world.livingParty(event.subject) { held[world.parties[task].serial] = nil }
    default: break
    }
  }

  /// How many parties that wait for one more have all permits together.
  func needed(_ semaphore: UInt64) -> Int {
    let held = max(1, heldBefore[semaphore] ?? 1)
    return (Int(clamping: capacities[semaphore] ?? 0) + held - 1) / held
  }

  private mutating func pause(_ party: UInt64) {
    guard var takes = held[party] else { return }
    for index in takes.indices where !takes[index].hasPaused {
      takes[index].hasPaused = true
      if self.takes[takes[index].lock] != nil { paused.insert(takes[index].lock) }
    }
    held[party] = takes
  }
}

extension World {
  /// Whether several can have a part of it, and give that back themselves.
  fileprivate func hasPermits(_ index: Int) -> Bool {
    let record = resources[index]
    return (record.kind == .semaphore || record.kind == .queue && record.isPool)
      && record.capacity > 1 && !record.hasForeignRelease
      && record.capacity <= UInt64(PermitOrder.takeLimit * 4)
  }
}
