import TraceFormat

/// Tasks that waited for each other in a circle, until one of them was asked to end.
package struct BrokenCycle: Sendable {
  /// One task of the circle; it waits for the next one, the last one for the first.
  package struct Link: Sendable {
    package var party: Int
    package var wait: Wait
    /// What it waits for and who took it, if the next one holds it; else it waits for the next one's end.
    package var resource: Int?
    package var hold: Occurrence?
  }

  package var links: [Link]
  package var task: Int
  package var asked: Occurrence
  /// How often a circle with the same waits has been broken.
  package var count = 1
}

extension World {
  /// Parties that are looked at for one request to end: a circle of more is not one that a person sees.
  private static let searchLimit = 256

  /// A task that waits is asked to end: remembers the circle that this breaks.
  mutating func noteBrokenCycle(of task: Int, _ asked: Occurrence) {
    guard parties[task].wait != nil, let links = cycle(through: task, asker: asked.party),
      hasRested(since: links, on: parties[task].thread, until: asked.time)
    else { return }
    incidents.note(BrokenCycle(links: links, task: task, asked: asked))
  }

  /// Whether the loop had nothing to do meanwhile. What breaks a circle before was on its way already
  /// when it closed.
  private func hasRested(
    since links: [BrokenCycle.Link], on slot: ThreadSlot, until end: TraceInstant
  ) -> Bool {
    let closed = links.map(\.wait.since).max() ?? end
    guard let rested = threads[slot]?.loops.last?.rested else {
      // A loop whose selector is not seen.
      return end.since(closed) > 1_000_000
    }
    return rested >= closed
  }

  private func cycle(through task: Int, asker: Int) -> [BrokenCycle.Link]? {
    var before: [Int: BrokenCycle.Link] = [:]
    var queue = [task]
    var head = 0
    while head < queue.count, head < Self.searchLimit {
      let party = queue[head]
      head += 1
      for link in links(of: party) {
        let next = link.next
        if next == task { return path(to: party, from: task, before) + [link.link] }
        // Up to Python 3.11 a task that sets a limit asks the end of another one, which it had awaited.
        if next == asker, let wait = parties[asker].lastWait, awaits(wait, task) {
          let last = BrokenCycle.Link(party: asker, wait: wait)
          return path(to: party, from: task, before) + [link.link, last]
        }
        if before[next] == nil {
          before[next] = link.link
          queue.append(next)
        }
      }
    }
    return nil
  }

  /// The links before a party's own, from the first task on.
  private func path(
    to party: Int, from task: Int, _ before: [Int: BrokenCycle.Link]
  ) -> [BrokenCycle.Link] {
    var result: [BrokenCycle.Link] = []
    var place = party
    while place != task, let link = before[place] {
      result.append(link)
      place = link.party
    }
    return result.reversed()
  }

  /// Those without which a waiting party cannot go on.
  private func links(of party: Int) -> [(next: Int, link: BrokenCycle.Link)] {
    guard let wait = parties[party].wait, !isWoken(wait) else { return [] }
    func awaited(_ others: [Int]) -> [(next: Int, link: BrokenCycle.Link)] {
      others.filter { !parties[$0].isEnded }
        .map { ($0, BrokenCycle.Link(party: party, wait: wait)) }
    }
    if let (resource, operation) = wait.primitive {
      guard let resource else { return [] }
      if operation == .group { return awaited(members(of: resource)) }
      guard operation == .acquire, let hold = soleHold(of: resource) else { return [] }
      return [
        (
          hold.party,
          BrokenCycle.Link(party: party, wait: wait, resource: resource, hold: hold)
        )
      ]
    }
    switch wait.future {
    case .party(let other): return awaited([other])
    case .resource(let future): return awaited(members(of: future))
    case nil: return []
    }
  }

  private func awaits(_ wait: Wait, _ task: Int) -> Bool {
    switch wait.future {
    case .party(let other): other == task
    case .resource(let future): resources[future].members.contains(.party(task))
    case nil: false
    }
  }

  /// Tasks that all have to end before a group does.
  private func members(of group: Int) -> [Int] {
    let resource = resources[group]
    let tasks = resource.members.prefix(Self.searchLimit).compactMap { member in
      if case .party(let task) = member, !parties[task].isEnded { task } else { nil }
    }
    return resource.dependency == .any && tasks.count > 1 ? [] : tasks
  }

  /// The one take that keeps others out.
  private func soleHold(of index: Int) -> Occurrence? {
    let resource = resources[index]
    guard resource.holds.count == 1, resource.freePermits == 0, !resource.hasForeignRelease else {
      return nil
    }
    return resource.holds[0]
  }
}
