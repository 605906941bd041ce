import Findings
import History
import TraceFormat

/// Describes locks that were held for long, and semaphores whose permits nearly ran out.
struct HoldFindings {
  let namer: Namer
  /// Findings of one kind at most: the first ones show the habit.
  private static let limit = Hazards.limit

  private var world: World { namer.world }

  private func resources(_ serial: UInt64) -> [Resource] {
    world.resource(serial: serial).map { [namer.findingResource($0)] } ?? []
  }

  // MARK: Long holds

  func longHolds(_ holds: LongHolds) -> [Finding] {
    holds.holds.sorted { $0.duration > $1.duration }.prefix(Self.limit).map(finding)
  }

  private func finding(_ hold: LongHolds.Hold) -> Finding {
    let lock = namer.name(lock: hold.take.lock)
    let holder = namer.name(party: hold.party)
    let waiter = namer.name(party: hold.waiter.party)
    let others = hold.waiters - 1
    var finding = Finding(
      kind: .longHold, severity: .warning, certainty: .possible,
      headline: "'\(holder)' held \(lock) for "
        + "\(Clock.duration(hold.released.since(hold.take.time))), and kept '\(waiter)'"
        + (others > 0 ? " and \(others) more" : "")
        + " waiting for \(Clock.duration(hold.duration))"
    )
    finding.parties = [hold.party, hold.waiter.party].compactMap { serial in
      world.party(serial: serial).map(namer.findingParty)
    }
    finding.resources = resources(hold.take.lock)
    finding.mark(
      namer.userSite(hold.take.site), .primary,
      "took \(lock) here at \(Clock.instant(hold.take.time))", by: holder)
    if let pause = hold.pause, let site = namer.userSite(pause.site) {
      finding.mark(
        site, .secondary, "paused here for \(Clock.duration(pause.duration))", by: holder)
    }
    finding.mark(
      namer.userSite(hold.waiter.site), .secondary, "waited here for \(lock)", by: waiter)
    finding.help = ["do what is slow before taking the lock, or after giving it back"]
    if hold.count > 1 { finding.notes = ["so it was \(hold.count) times"] }
    return finding
  }

  // MARK: Permits

  func nearExhaustion(_ ring: [(take: NestedTake, party: PartyRecord?)], capacity: UInt64)
    -> Finding
  {
    let semaphore = namer.name(lock: ring[0].take.inner.lock)
    let names = ring.map { namer.name(party: $0.take.party, $0.party) }
    var finding = Finding(
      kind: .nearExhaustion, severity: .warning, certainty: .possible,
      headline: "'\(names[0])' and \(names.count - 1) more need a further permit of \(semaphore) "
        + "while they hold some of its \(capacity): at another moment each would wait for the others"
    )
    finding.parties = ring.compactMap { entry in
      world.party(serial: entry.take.party).map(namer.findingParty)
    }
    finding.resources = resources(ring[0].take.inner.lock)
    for (index, entry) in ring.enumerated() {
      for (take, role, label) in [
        (entry.take.inner, Mark.Role.primary, "takes another permit of \(semaphore) here"),
        (entry.take.outer, Mark.Role.secondary, "took one here"),
      ] {
        guard let site = namer.userSite(take.site),
          !finding.marks.contains(where: { $0.site == site && $0.role == role })
        else { continue }
        finding.mark(site, role, label, by: names[index])
      }
    }
    let shown = names.count > 4 ? names.prefix(3) + ["each of \(names.count - 3) more"] : names[...]
    finding.scenario =
      shown.map { Step(party: $0, text: "takes all but the last that it needs") }
      + shown.map { Step(party: $0, text: "waits for one more") }
    finding.help = ["take all permits in one go, below a lock of their own, or let fewer in"]
    return finding
  }
}
