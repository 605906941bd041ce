import Findings
import History
import TraceFormat

/// Describes a circle of waits that a limit or a cancellation broke.
struct TransientDeadlock {
  let cycle: BrokenCycle
  let namer: Namer

  private var world: World { namer.world }
  private var links: [BrokenCycle.Link] { cycle.links }
  private var locksOnly: Bool { links.allSatisfy { $0.hold != nil } }

  /// Nanoseconds from the last wait that closed the circle to its end.
  var duration: UInt64 {
    cycle.asked.time.since(links.map(\.wait.since).max() ?? cycle.asked.time)
  }

  func finding() -> Finding {
    let names = links.map { namer.quoted(party: $0.party) }
    let circle =
      names.count == 1
      ? "waited for itself" : "waited for each other" + (locksOnly ? "'s locks" : "")
    var finding = Finding(
      kind: .transientDeadlock, severity: .warning, certainty: .possible,
      headline: "\(names.listed()) \(circle) for \(Clock.duration(duration)), until "
        + "\(namer.quoted(party: cycle.task)) was cancelled \(asker)")
    finding.parties = links.map(party)
    finding.resources = links.compactMap { $0.resource.map(namer.findingResource) }
    finding.edges = links.indices.map(edge)
    for index in links.indices { addMarks(index, to: &finding) }
    finding.story = story()
    finding.help = [
      locksOnly
        ? "take the locks in one order everywhere: without that cancellation it would be a deadlock"
        : "do not wait for a task while holding what it needs: without that cancellation it would "
          + "be a deadlock"
    ]
    if cycle.count > 1 {
      finding.notes = ["a circle with the same waits was broken \(cycle.count) times"]
    }
    return finding
  }

  private var asker: String {
    let frames = world.definitions.frames(cycle.asked.site)
    if frames.contains(where: { $0.role == .limit }) { return "by its timeout" }
    let place = namer.userSite(cycle.asked.site).map { " at \(Namer.place($0))" } ?? ""
    return "by \(namer.quoted(party: cycle.asked.party))\(place)"
  }

  private func next(_ index: Int) -> Int { links[(index + 1) % links.count].party }

  private func awaited(_ index: Int) -> String {
    links[index].resource.map(namer.name(resource:))
      ?? "the end of \(namer.quoted(party: next(index)))"
  }

  private func party(_ link: BrokenCycle.Link) -> Party {
    var party = namer.findingParty(link.party)
    party.state = "waited"
    party.since = link.wait.since
    party.stack = world.definitions.frames(link.wait.site)
    return party
  }

  private func edge(_ index: Int) -> Edge {
    let link = links[index]
    return Edge(
      from: namer.name(party: link.party), resource: awaited(index),
      to: namer.name(party: next(index)), relation: link.hold == nil ? "provided by" : "held by",
      site: namer.userSite(link.wait.site), since: link.wait.since)
  }

  private func addMarks(_ index: Int, to finding: inout Finding) {
    let link = links[index]
    if let site = namer.userSite(link.wait.site) {
      finding.mark(
        site, .primary, "waited here for \(awaited(index))", by: namer.name(party: link.party))
      finding.mark(
        namer.outerSite(link.wait.site), .secondary, "in this call",
        by: namer.name(party: link.party))
    }
    if let hold = link.hold, let site = namer.userSite(hold.site) {
      finding.mark(
        site, .secondary, "had taken \(awaited(index)) here at \(Clock.instant(hold.time))",
        by: namer.name(party: hold.party))
    }
  }

  private func story() -> [Moment] {
    var moments: [Moment] = []
    for (index, link) in links.enumerated() {
      if let hold = link.hold {
        moments.append(
          Moment(
            time: hold.time, party: namer.name(party: hold.party), text: "takes \(awaited(index))"))
      }
      moments.append(
        Moment(
          time: link.wait.since, party: namer.name(party: link.party),
          text: "waits for \(awaited(index))"))
    }
    moments.sort { $0.time < $1.time }
    return moments + [
      Moment(
        time: cycle.asked.time, party: namer.name(party: cycle.task),
        text: "is cancelled \(asker)")
    ]
  }
}
