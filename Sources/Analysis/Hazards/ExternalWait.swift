import Findings
import History
import TraceFormat

/// Says what keeps a main task, when nothing in the process is stuck: a wait for the outside, or a call that
/// does not return.
struct ExternalWait {
  let world: World
  let namer: Namer
  let reach: Reach

  /// Shorter waits for others are ordinary.
  static let threshold: UInt64 = 5_000_000_000

  /// Fewer looks at what may have come are no polling.
  static let rounds = 20

  /// Where following whoever keeps a task comes to.
  private struct End {
    var party: Int
    var since: TraceInstant
    var site: StackID?
    /// What it waits for outside; nothing if it runs.
    var operation: Operation?
    /// How often it has slept and looked again.
    var rounds = 0
  }

  func all() -> [Finding] {
    let mains = world.threadSlots.compactMap { world.threads[$0]?.loops.first?.mainTask }
    return mains.compactMap { main in
      guard let end = end(of: main), world.now.since(end.since) >= Self.threshold else {
        return nil
      }
      return finding(main, end)
    }
  }

  private func end(of main: Int) -> End? {
    var seen: Set<Int> = []
    var next: Int? = main
    while let party = next, seen.insert(party).inserted {
      guard let wait = wait(of: party) else {
        // Who awaits a job on a line of the program's own may do so for long.
        return namer.isOwn(world.parties[main].wait?.site) ? nil : runningEnd(party)
      }
      guard !world.isWoken(wait) else { return nil }
      if let operation = wait.primitive?.operation {
        switch operation {
        // A child that waits for this process is kept by it.
        case .process where wait.primitive?.resource.flatMap(reach.needs) != nil: return nil
        case .read, .drain, .connect, .process:
          return End(party: party, since: wait.since, site: wait.site, operation: operation)
        case .sleep:
          guard let polling = world.parties[party].polling, polling.rounds >= Self.rounds,
            namer.outerSite(wait.site) != nil
          else { return nil }
          return End(
            party: party, since: polling.since, site: wait.site, operation: operation,
            rounds: polling.rounds)
        case .acquire:
          next = wait.primitive?.resource.flatMap { world.resources[$0].holds.first?.party }
          continue
        case .eventWait, .conditionWait, .queueGet, .queuePut, .queueJoin, .barrierWait,
          .group, .accept, .result, .join, .exit:
          break
        }
      }
      next = follow(wait.future) ?? follow(wait.primitive?.resource.map { .resource($0) })
    }
    return nil
  }

  /// The wait of a task, or of a thread or job that is blocked.
  private func wait(of party: Int) -> Wait? {
    if let wait = world.parties[party].wait { return wait }
    guard let thread = world.threads[world.parties[party].thread], thread.actor == party else {
      return nil
    }
    return thread.block
  }

  /// A job or a thread without a loop that a snapshot saw in the user's code, and that has told nothing since.
  private func runningEnd(_ party: Int) -> End? {
    let slot = world.parties[party].thread
    guard world.parties[party].kind != .task, !world.parties[party].isEnded,
      let thread = world.threads[slot], thread.actor == party, thread.loops.isEmpty,
      let stand = reach.stand(of: slot), stand.resource == nil, namer.isOwn(stand.site)
    else { return nil }
    return End(party: party, since: thread.lastEvent, site: stand.site)
  }

  private func follow(_ entity: Entity?) -> Int? {
    switch entity {
    case .party(let task): return task
    case .resource(let index):
      guard let party = namer.endings(index).first else { return nil }
      guard world.parties[party].kind == .thread else { return party }
      return world.threads[world.parties[party].thread]?.actor ?? party
    case nil: return nil
    }
  }

  private func finding(_ main: Int, _ end: End) -> Finding {
    var finding = Finding(
      kind: .externalWait, severity: .note, certainty: .possible,
      headline: headline(end))
    finding.parties = [namer.findingParty(end.party)]
    finding.mark(
      namer.userSite(end.site), .primary,
      "\(end.operation == nil ? "runs" : "waits") here since \(Clock.instant(end.since))",
      by: namer.name(party: end.party))
    if end.party != main, namer.isOwn(world.parties[main].wait?.site) {
      let place =
        namer.userSite(world.parties[main].wait?.site).map { ", at \(Namer.place($0))" } ?? ""
      finding.notes = [
        "\(namer.quoted(party: main)) waits for \(namer.quoted(party: end.party))\(place)"
      ]
    }
    finding.help = help(end)
    return finding
  }

  private func help(_ end: End) -> [String] {
    switch end.operation {
    case nil: [namer.terms.leave]
    case .sleep: ["see who was to bring it; an event that is set would show who waits for whom"]
    default: [namer.terms.limit]
    }
  }

  private func headline(_ end: End) -> String {
    let name = namer.quoted(party: end.party)
    let duration = Clock.duration(world.now.since(end.since))
    let what: String
    switch end.operation {
    case nil:
      return
        "\(name) has not come back for \(duration), and \(namer.terms.runner) waits until it does"
    case .sleep:
      return
        "\(name) has slept and looked again \(Namer.grouped(end.rounds)) times in \(duration); "
        + "what it looks for has not come"
    case .drain: what = "until a peer takes what was sent"
    case .connect: what = "for a connection to be accepted"
    case .process: what = "for a child process to end"
    default: what = "for data from a peer"
    }
    return "\(name) has waited \(what) for \(duration); nothing in this process keeps it"
  }

}
