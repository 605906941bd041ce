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
    let (order, permits, holds) = try observed()
    let groups = candidates(order)
    let hold = HoldFindings(namer: namer)
    var asked = Questions()
    let rings = groups.map { group in
      group.map { cycle -> [Ring] in
        let chosen = cycle.map { order.takes[$0] ?? [] }
        guard asked.add(Array(chosen.joined())) else { return [] }
        return combinations(chosen, order).map { $0.map(asked.place) }
      }
    }
    // Whoever only tries does not wait.
    let attempts = asked.takes.indices.filter { isAttempt(asked.takes[$0].inner.site) }
    let crowds = permits.takes.keys.sorted().filter {
      canRunOut($0, permits) && asked.add(permits.takes[$0]!)
    }
    let found = hold.longHolds(holds)
    guard !asked.takes.isEmpty else { return found }
    let precedence = try Precedence(of: asked.takes, in: world, trace, until: until)
    func told(_ ring: Ring) -> [(take: NestedTake, party: PartyRecord?)] {
      ring.map { (asked.takes[$0], precedence.parties[$0]) }
    }
    let inversions = rings.compactMap { cycles -> Finding? in
      let found = cycles.compactMap { rings in
        rings.first { ring in
          isPossible(ring, asked.takes, precedence) && !ring.contains(where: attempts.contains)
        }
      }
      guard let first = found.first else { return nil }
      return OrderInversion(ring: told(first), count: found.count, namer: namer).finding()
    }
    let exhausting = crowds.compactMap { semaphore -> Finding? in
      let places = permits.takes[semaphore]!.map(asked.place)
      return together(places, semaphore, permits, asked.takes, precedence).map {
        hold.nearExhaustion(told($0), capacity: permits.capacities[semaphore] ?? 0)
      }
    }
    return inversions.prefix(Self.findingLimit) + exhausting.prefix(Hazards.limit) + found
  }

  /// The takes that are asked about, each once.
  private struct Questions {
    var takes: [NestedTake] = []
    private var places: [UInt64: [LockOrder.Order: Int]] = [:]

    /// No, if they are too many.
    mutating func add(_ new: [NestedTake]) -> Bool {
      let missing = new.count { places[$0.ordinal]?[$0.order] == nil }
      guard takes.count + missing <= Precedence.limit else { return false }
      for take in new where places[take.ordinal]?[take.order] == nil {
        places[take.ordinal, default: [:]][take.order] = takes.count
        takes.append(take)
      }
      return true
    }

    func place(of take: NestedTake) -> Int { places[take.ordinal]![take.order]! }
  }

  private func canRunOut(_ semaphore: UInt64, _ permits: PermitOrder) -> Bool {
    let needed = permits.needed(semaphore)
    guard permits.paused.contains(semaphore), needed > 1,
      permits.takes[semaphore]!.count >= needed
    else { return false }
    return world.resource(serial: semaphore).map { !world.resources[$0].hasForeignRelease } ?? false
  }

  /// As many takes as are needed that can all be waited at together.
  private func together(
    _ places: [Int], _ semaphore: UInt64, _ permits: PermitOrder, _ takes: [NestedTake],
    _ precedence: Precedence
  ) -> Ring? {
    var ring: Ring = []
    var shared: [UInt64: UInt64] = [:]
    let needed = permits.needed(semaphore)
    for place in places where ring.count < needed {
      let take = takes[place]
      let isFree =
        ring.allSatisfy { takes[$0].gates.isDisjoint(with: take.gates) }
        && take.shares.allSatisfy { shared[$0, default: 0] < permits.capacities[$0] ?? .max }
      guard isFree, isPossible(ring + [place], takes, precedence) else { continue }
      ring.append(place)
      for share in take.shares { shared[share, default: 0] += 1 }
    }
    return ring.count == needed ? ring : nil
  }

  private func observed() throws -> (LockOrder, PermitOrder, LongHolds) {
    var order = LockOrder()
    var permits = PermitOrder()
    var holds = LongHolds()
    var replay = World(definitions: trace.definitions)
    replay.process = world.process
    var ordinal: UInt64 = 0
    _ = try trace.forEachEvent { event in
      if let until, event.time > until { return }
      let actor = replay.threads[event.thread]?.actor
      // An index is good until the next event.
      let serial = actor.map { replay.parties[$0].serial }
      replay.apply(event)
      let party = serial.flatMap { replay.party(serial: $0) }
      holds.note(event, by: party, in: replay, taken: order.taken(by:))
      permits.note(event, ordinal: ordinal, by: party, in: replay, locks: order.taken(by:))
      order.note(event, ordinal: ordinal, by: party, in: replay)
      ordinal += 1
    }
    return (order, permits, holds)
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

  /// Whether the library's function that was called is one that does not wait: they are named so.
  private func isAttempt(_ stack: StackID?) -> Bool {
    world.definitions.frames(stack).prefix { $0.ownership != .user }.last.map {
      $0.function.hasSuffix("_nowait")
    } ?? false
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

  private func isPossible(_ ring: Ring, _ takes: [NestedTake], _ precedence: Precedence) -> Bool {
    for (index, a) in ring.enumerated() {
      // A wait that a limit ends does not hang.
      if precedence.isLimited[a] { return false }
      for b in ring[..<index] {
        if precedence.isOrdered(a, b) { return false }
        let hasThread = [a, b].contains { precedence.parties[$0]?.kind == .thread }
        if hasThread, !takes.alternate(a, b) { return false }
      }
    }
    return true
  }
}

extension [NestedTake] {
  /// Whether one party does the same before and after what another one does. What threads hand to each other is not in
  /// a trace: so that neither always comes first has to be seen.
  fileprivate func alternate(_ a: Int, _ b: Int) -> Bool {
    func surrounds(_ a: NestedTake, _ b: NestedTake) -> Bool {
      contains {
        $0.party == a.party && $0.order == a.order
          && ($0.ordinal < b.ordinal) != (a.ordinal < b.ordinal)
      }
    }
    return surrounds(self[a], self[b]) || surrounds(self[b], self[a])
  }
}

extension NestedTake {
  var order: LockOrder.Order { LockOrder.Order(outer: outer.lock, inner: inner.lock) }
}
