package import Findings
import History
package import TraceFormat

/// Why a wait took as long as it did: from its end back to its beginning, always with the one who was waited for.
///
/// The critical path of a wait: who ended it had itself waited before, and whoever ended that wait had, too. As in the
/// analysis of program activity graphs (Yang and Miller 1988), with waits for locks, items and results as edges.
package struct WaitPaths {
  package struct Choice: Sendable {
    /// Only waits of parties with this name.
    package var party: String?
    /// Only waits that lasted at this instant.
    package var at: TraceInstant?
    package var count = 5
    package init() {}
  }

  let analysis: Analysis
  let choice: Choice

  /// As many waits within another one are kept; shorter ones than a hundredth of it are not.
  private static let entryLimit = 200_000
  private static let shareLimit: UInt64 = 100
  private static let partLimit = 32
  private static let stepLimit = 1_000

  private var world: World { analysis.model.world }
  private var namer: Namer { analysis.namer }

  package init(_ analysis: Analysis, choice: Choice) {
    self.analysis = analysis
    self.choice = choice
  }

  /// The longest waits first.
  package func paths() throws -> [WaitPath] {
    let chosen = try longest()
    guard let from = chosen.map(\.since).min(), let until = chosen.map(\.until).max(),
      let least = chosen.map(\.duration).min()
    else { return [] }
    var entries: [UInt64: [WaitLog.Entry]] = [:]
    var kept = 0
    try forEach { entry, _ in
      guard entry.until > from, entry.since < until,
        entry.duration >= least / Self.shareLimit, kept < Self.entryLimit
      else { return }
      entries[entry.party, default: []].append(entry)
      kept += 1
    }
    return chosen.map { path(of: $0, entries) }
  }

  private func forEach(_ body: (WaitLog.Entry, World) -> Void) throws {
    try WaitLog.forEach(
      in: analysis.trace, process: world.process, until: analysis.until, body)
  }

  private func longest() throws -> [WaitLog.Entry] {
    var longest: [WaitLog.Entry] = []
    try forEach { entry, world in
      if let at = choice.at, !(entry.since <= at && at <= entry.until) { return }
      if choice.party == nil, choice.at == nil, !entry.isForOthers { return }
      guard longest.count < choice.count || entry.duration > longest.last!.duration else { return }
      if let name = choice.party, !self.name(entry.party).matches(name) { return }
      let place = longest.firstIndex { $0.duration < entry.duration } ?? longest.count
      longest.insert(entry, at: place)
      if longest.count > choice.count { longest.removeLast() }
    }
    return longest
  }

  // MARK: Path

  private func path(
    of wait: WaitLog.Entry, _ entries: [UInt64: [WaitLog.Entry]]
  ) -> WaitPath {
    var result = WaitPath(wait: part(wait, from: wait.since, until: wait.until))
    guard let waker = wait.waker, waker.time > wait.since else { return result }
    result.wait.end =
      waker.isEnd
      ? "until '\(name(waker.party))' ended"
      : "ended by '\(name(waker.party))'"
        + (namer.userSite(waker.site).map { " at \(Namer.place($0))" } ?? "")
    var parts: [WaitPath.Part] = []
    func add(_ party: UInt64, _ from: TraceInstant, _ until: TraceInstant, _ text: String) {
      // What takes no time of the wait explains none of it.
      guard until.since(from) > wait.duration / Self.shareLimit else { return }
      parts.append(WaitPath.Part(party: name(party), from: from, until: until, text: text))
    }
    let turn = "could go on, and waits for its turn"
    add(wait.party, waker.time, wait.until, turn)
    var (party, time) = (waker.party, waker.time)
    var steps = 0
    while time > wait.since, parts.count < Self.partLimit, steps < Self.stepLimit {
      steps += 1
      let before = entries[party]?.last { $0.until <= time && $0.since < time }
      let end = max(before?.until ?? wait.since, wait.since)
      add(party, end, time, "runs, or could")
      time = end
      guard let before, end > wait.since else { break }
      if let waker = before.waker, waker.time > wait.since, waker.party != party,
        waker.time <= time
      {
        // What it waited for is what the next one does; only its turn is its own.
        add(party, waker.time, time, turn)
        var link = part(before, from: waker.time, until: waker.time)
        link.text =
          waker.isEnd
          ? "ends, which '\(name(party))' awaits"
          : "ends the wait of '\(name(party))' for \(what(before))"
        (link.party, link.site) = (name(waker.party), namer.userSite(waker.site))
        parts.append(link)
        (party, time) = (waker.party, waker.time)
      } else {
        let start = max(before.since, wait.since)
        if time.since(start) > wait.duration / Self.shareLimit {
          parts.append(part(before, from: start, until: time))
        }
        time = start
      }
    }
    add(party, wait.since, time, "and those before it, not shown")
    result.parts = parts.reversed()
    return result
  }

  private func part(
    _ entry: WaitLog.Entry, from: TraceInstant, until: TraceInstant
  ) -> WaitPath.Part {
    WaitPath.Part(
      party: name(entry.party), from: from, until: until, text: "waits for \(what(entry))",
      site: namer.userSite(entry.site))
  }

  private func name(_ serial: UInt64) -> String {
    world.party(serial: serial).map(namer.name(party:)) ?? "one that has ended"
  }

  private func what(_ entry: WaitLog.Entry) -> String {
    if let task = entry.awaited { return "the end of '\(name(task))'" }
    switch entry.operation {
    case .sleep: return "a timer"
    case .read: return "data"
    case .drain: return "room to send"
    case .accept: return "a connection"
    case .connect: return "an answer to connect"
    default: break
    }
    guard let serial = entry.resource else { return "something" }
    guard let resource = world.resource(serial: serial) else { return "something that is gone" }
    // Those that have ended meanwhile, too.
    let members = world.resources[resource].members.compactMap { member in
      if case .party(let task) = member { namer.quoted(party: task) } else { nil }
    }
    guard let first = members.first else { return namer.awaited(resource: resource) }
    return "the end of " + first + (members.count > 1 ? " and \(members.count - 1) more" : "")
  }
}

extension String {
  /// Whether a person may mean this name by that one: "worker" is also "Pool.worker" and "worker #3".
  fileprivate func matches(_ name: String) -> Bool {
    self == name || hasSuffix("." + name) || hasPrefix(name + " #") || contains("." + name + " #")
  }
}
