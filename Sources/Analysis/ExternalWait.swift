import Findings
import History
import TraceFormat

/// Says what a main task waits for outside of the process, when nothing in the process is stuck.
struct ExternalWait {
  let world: World
  let namer: Namer
  let reach: Reach

  /// Shorter waits for others are ordinary.
  static let threshold: UInt64 = 5_000_000_000

  func all() -> [Finding] {
    let mains = world.threadSlots.compactMap { world.threads[$0]?.loops.first?.mainTask }
    return mains.compactMap { main in
      guard let (party, wait, operation) = end(of: main) else { return nil }
      return finding(main, party, wait, operation)
    }
  }

  /// Follows from task to task whoever keeps the first one, to a wait for the outside.
  private func end(of main: Int) -> (party: Int, wait: Wait, operation: Operation)? {
    var seen: Set<Int> = []
    var next: Int? = main
    while let party = next, seen.insert(party).inserted, let wait = world.parties[party].wait {
      guard !world.isWoken(wait) else { return nil }
      if let operation = wait.primitive?.operation {
        switch operation {
        // A child that waits for this process is kept by it.
        case .process where wait.primitive?.resource.flatMap(reach.needs) != nil: return nil
        case .read, .drain, .connect, .process:
          return world.now.since(wait.since) >= Self.threshold ? (party, wait, operation) : nil
        case .acquire:
          next = wait.primitive?.resource.flatMap { world.resources[$0].holds.first?.party }
          continue
        case .eventWait, .conditionWait, .queueGet, .queuePut, .queueJoin, .barrierWait, .sleep,
          .group, .accept, .result, .join, .exit:
          break
        }
      }
      next = follow(wait.future) ?? follow(wait.primitive?.resource.map { .resource($0) })
    }
    return nil
  }

  private func follow(_ entity: Entity?) -> Int? {
    switch entity {
    case .party(let task): return task
    case .resource(let index):
      let left = world.resources[index].members.filter { !world.isDone($0) }
      return left.first.flatMap(follow)
    case nil: return nil
    }
  }

  private func finding(
    _ main: Int, _ party: Int, _ wait: Wait, _ operation: Operation
  ) -> Finding {
    let what =
      switch operation {
      case .drain: "until a peer takes what was sent"
      case .connect: "for a connection to be accepted"
      case .process: "for a child process to end"
      default: "for data from a peer"
      }
    let duration = Clock.duration(world.now.since(wait.since))
    var finding = Finding(
      kind: .externalWait, severity: .note, certainty: .possible,
      headline: "\(namer.quoted(party: party)) has waited \(what) for \(duration); "
        + "nothing in this process keeps it")
    finding.parties = [namer.findingParty(party)]
    if let site = namer.userSite(wait.site) {
      finding.marks = [
        Mark(
          site: site, role: .primary, label: "waits here since \(Clock.instant(wait.since))",
          party: namer.name(party: party))
      ]
    }
    if party != main {
      let place =
        namer.userSite(world.parties[main].wait?.site).map { ", at \(Namer.place($0))" } ?? ""
      finding.notes = [
        "\(namer.quoted(party: main)) waits for \(namer.quoted(party: party))\(place)"
      ]
    }
    finding.help = [namer.terms.limit]
    return finding
  }
}
