import Findings
import History
import TraceFormat

/// Finds locks that were taken in opposite orders by parties that could have met, though they did not in this run.
struct OrderPrediction {
  let namer: Namer
  let trace: any EventSource
  let until: TraceInstant?

  private var world: World { namer.world }

  /// Different places with such an order that are told.
  private static let findingLimit = 8
  /// Rings at the same places that are looked at, and takes of each.
  private static let ringLimit = 8

  /// A ring of takes, by their places among those that were asked about.
  private typealias Ring = [Int]

  func findings() throws -> [Finding] {
    let order = try lockOrder()
    let groups = candidates(order)
    guard !groups.isEmpty else { return [] }
    var takes: [NestedTake] = []
    var places: [UInt64: [LockOrder.Order: Int]] = [:]
    var rings: [[[Ring]]] = []
    for group in groups {
      rings.append(
        group.map { cycle in
          let chosen = cycle.map { order.takes[$0] ?? [] }
          let missing = chosen.joined().count { places[$0.ordinal]?[$0.order] == nil }
          guard takes.count + missing <= Precedence.limit else { return [] }
          for take in chosen.joined() where places[take.ordinal]?[take.order] == nil {
            places[take.ordinal, default: [:]][take.order] = takes.count
            takes.append(take)
          }
          return combinations(chosen, order).map { ring in
            ring.map { places[$0.ordinal]![$0.order]! }
          }
        })
    }
    let precedence = try Precedence(of: takes, in: world, trace, until: until)
    return rings.compactMap { cycles -> Finding? in
      let found = cycles.compactMap { $0.first { isPossible($0, precedence) } }
      guard let first = found.first else { return nil }
      let ring = first.map { (takes[$0], precedence.parties[$0]) }
      return OrderInversion(ring: ring, count: found.count, namer: namer).finding()
    }.prefix(Self.findingLimit).map { $0 }
  }

  private func lockOrder() throws -> LockOrder {
    var order = LockOrder()
    var replay = World(definitions: trace.definitions)
    replay.process = world.process
    var ordinal: UInt64 = 0
    _ = try trace.forEachEvent { event in
      if let until, event.time > until { return }
      let actor = replay.threads[event.thread]?.actor
      // An index is good until the next event.
      let serial = actor.map { replay.parties[$0].serial }
      replay.apply(event)
      order.note(
        event, ordinal: ordinal, by: serial.flatMap { replay.party(serial: $0) }, in: replay)
      ordinal += 1
    }
    return order
  }

  /// Rings by the places where their locks were taken, those met first first.
  private func candidates(_ order: LockOrder) -> [[[LockOrder.Order]]] {
    var groups: [Set<String>: [[LockOrder.Order]]] = [:]
    var keys: [Set<String>] = []
    for cycle in OrderCycles(order.takes.keys).cycles
    where !cycle.contains(where: { isSignal($0.outer, order) }) {
      guard !combinations(cycle.map { order.takes[$0] ?? [] }, order).isEmpty else { continue }
      let key = Set(cycle.flatMap { order.takes[$0]?.first.map(signature) ?? [] })
      if groups[key] == nil { keys.append(key) }
      if groups[key, default: []].count < Self.ringLimit { groups[key, default: []].append(cycle) }
    }
    return keys.map { groups[$0]! }
  }

  private func signature(_ take: NestedTake) -> [String] {
    [take.outer.site, take.inner.site].map { site in
      namer.userSite(site).map { "\($0.file):\($0.line)" } ?? ""
    }
  }

  private func isSignal(_ lock: UInt64, _ order: LockOrder) -> Bool {
    if order.unowned.contains(lock) { return true }
    guard let index = world.resource(serial: lock) else { return false }
    return world.resources[index].hasForeignRelease
  }

  /// Takes of different parties, one for each order, that nothing held keeps apart.
  private func combinations(_ takes: [[NestedTake]], _ order: LockOrder) -> [[NestedTake]] {
    var rings: [[NestedTake]] = [[]]
    for choices in takes {
      rings = rings.flatMap { ring in
        choices.filter { take in ring.allSatisfy(take.canCoincide) }.map { ring + [$0] }
      }
    }
    return rings.filter { ring in
      // Those of one loop have their turns one after the other: without a pause nobody sees the lock held.
      let turns = Set(ring.map(\.turns))
      return turns.count > 1 || turns == [nil]
        || ring.contains { order.paused.contains($0.outer.lock) }
    }
  }

  private func isPossible(_ ring: Ring, _ precedence: Precedence) -> Bool {
    for (index, a) in ring.enumerated() {
      // A wait that a limit ends does not hang.
      if precedence.isLimited[a] { return false }
      for b in ring[..<index] where precedence.isOrdered(a, b) { return false }
    }
    return true
  }
}

extension NestedTake {
  var order: LockOrder.Order { LockOrder.Order(outer: outer.lock, inner: inner.lock) }
}
