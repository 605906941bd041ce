import Findings
import History
import TraceFormat

/// Describes a ring of locks that did not hang.
struct OrderInversion {
  /// Each takes the lock that the next one holds; with who did it, as far as is known.
  let ring: [(take: NestedTake, party: PartyRecord?)]
  /// How many rings of such locks there are.
  let count: Int
  let namer: Namer

  private var world: World { namer.world }

  func finding() -> Finding {
    let names = ring.indices.map { "'\(name($0))'" }
    let locks = ring.map { namer.name(lock: $0.take.outer.lock) }
    let list = names.listed(limit: .max)
    let taken = locks.listed(limit: .max)
    var finding = Finding(
      kind: .lockOrderInversion, severity: .warning, certainty: .possible,
      headline: "\(list) take \(taken) in \(ring.count == 2 ? "opposite orders" : "a circle"): at "
        + "another moment each would wait for the lock the other\(ring.count == 2 ? "" : "s") "
        + (ring.count == 2 ? "holds" : "hold"))
    finding.parties = ring.indices.map(party)
    finding.resources = ring.map { resource($0.take.outer.lock) }
    finding.edges = ring.indices.map(edge)
    for index in ring.indices { addMarks(index, to: &finding) }
    finding.story = story()
    finding.scenario = scenario()
    finding.help = [help()]
    finding.repeats = count
    if count > 1 {
      finding.notes = ["\(count) pairs of locks were taken at these places in both orders"]
    }
    return finding
  }

  // MARK: Names

  private func next(_ index: Int) -> Int { (index + 1) % ring.count }

  /// Those of one name are told apart by their places in the ring.
  private func name(_ index: Int) -> String {
    let name = ownName(index)
    let isShared = ring.indices.contains { $0 != index && ownName($0) == name }
    return isShared ? "\(name) #\(index + 1)" : name
  }

  private func ownName(_ index: Int) -> String {
    namer.name(party: ring[index].take.party, ring[index].party)
  }

  private func party(_ index: Int) -> Party {
    let take = ring[index].take
    var party: Party
    if let known = world.party(serial: take.party) {
      party = namer.findingParty(known)
      party.name = name(index)
    } else {
      let kind: Party.Kind =
        switch ring[index].party?.kind {
        case .thread: .thread
        case .job: .job
        case .task, nil: .task
        }
      party = Party(
        id: PartyKey(Int(clamping: take.party)), name: name(index), kind: kind, state: "",
        since: nil,
        stack: [],
        createdAt: world.definitions.frames(ring[index].party?.created.site))
    }
    (party.state, party.since) = ("took", take.inner.time)
    party.stack = world.definitions.frames(take.inner.site)
    return party
  }

  private func resource(_ serial: UInt64) -> Resource {
    if let index = world.resource(serial: serial) { return namer.findingResource(index) }
    return Resource(
      key: ResourceKey(Int(clamping: serial)), name: namer.name(lock: serial), kind: "lock",
      createdAt: []
    )
  }

  // MARK: Parts

  private func edge(_ index: Int) -> Edge {
    Edge(
      from: name(index), resource: namer.name(lock: ring[index].take.inner.lock),
      to: name(next(index)),
      relation: "would be held by", site: namer.userSite(ring[index].take.inner.site), since: nil)
  }

  private func addMarks(_ index: Int, to finding: inout Finding) {
    let take = ring[index].take
    let outer = namer.name(lock: take.outer.lock)
    if let site = namer.userSite(take.inner.site) {
      finding.mark(
        site, .primary, "takes \(namer.name(lock: take.inner.lock)) here, with \(outer) held",
        by: name(index))
      finding.mark(namer.outerSite(take.inner.site), .secondary, "in this call", by: name(index))
    }
    finding.mark(
      namer.userSite(take.outer.site), .secondary,
      "took \(outer) here at \(Clock.instant(take.outer.time))", by: name(index))
  }

  /// What happened in this run.
  private func story() -> [Moment] {
    ring.indices.flatMap { index in
      let take = ring[index].take
      return [
        Moment(
          time: take.outer.time, party: name(index),
          text: "takes \(namer.name(lock: take.outer.lock))"),
        Moment(
          time: take.inner.time, party: name(index),
          text: "takes \(namer.name(lock: take.inner.lock))"),
      ]
    }.sorted { $0.time < $1.time }
  }

  private func scenario() -> [Step] {
    ring.indices.map {
      Step(party: name($0), text: "takes \(namer.name(lock: ring[$0].take.outer.lock))")
    }
      + ring.indices.map {
        Step(party: name($0), text: "waits for \(namer.name(lock: ring[$0].take.inner.lock))")
      }
  }

  private func help() -> String {
    guard ring.count == 2 else { return "take the locks in one order everywhere" }
    return "take the two locks in one order everywhere; '\(name(0))' takes "
      + "\(namer.name(lock: ring[0].take.outer.lock)) first, so '\(name(1))' could take it before "
      + namer.name(lock: ring[1].take.outer.lock)
  }
}
