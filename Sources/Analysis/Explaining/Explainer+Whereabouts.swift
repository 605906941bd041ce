import Findings
import History
import TraceFormat

/// Where a program stands in which nothing is found to be stuck: whoever looks at it thinks that it hangs.
extension Explainer {
  /// Shorter waits are ordinary.
  private static let pause: UInt64 = 1_000_000_000

  /// What the main task waits for, and whoever it waits for, in one sentence; nothing if it has moved just now.
  func whereabouts() -> String? {
    guard
      let main = world.threadSlots.lazy.compactMap({ world.threads[$0]?.loops.first?.mainTask })
        .first
        ?? world.mainTask
    else { return nil }
    let path = followed(from: main)
    guard let last = path.last, let wait = wait(of: last), !world.isWoken(wait),
      world.now.since(wait.since) >= Self.pause
    else { return nil }
    let verb = wait.primitive?.operation == .sleep ? "sleeps" : "waits for \(awaited(wait))"
    let sentence =
      "\(namer.quoted(party: last)) \(verb) since \(Clock.instant(wait.since))\(at(wait.site))"
    guard path.count > 1, let first = self.wait(of: main) else { return sentence }
    return sentence + "; \(namer.quoted(party: main)) waits for that\(at(first.site))"
  }

  /// As many parties are looked at: a program may wait for thousands.
  private static let most = 256

  /// The parties that one after the other waits for, as far as each waits for the end of others: of several the first
  /// that leads to where the user's own code waits, else the first.
  private func followed(from main: Int) -> [Int] {
    var first: [Int] = []
    var seen: Set<Int> = []
    func follow(_ party: Int, _ way: [Int]) -> [Int]? {
      guard seen.count < Self.most, let wait = wait(of: party), seen.insert(party).inserted else {
        return nil
      }
      let path = way + [party]
      let others = endings(awaitedIn: wait)
      for other in others {
        if let found = follow(other, path) { return found }
      }
      if first.isEmpty { first = path }
      let isOwn = world.definitions.frames(wait.site).contains {
        $0.ownership == .user && !$0.isInNoFile
      }
      return others.isEmpty && isOwn ? path : nil
    }
    return follow(main, []) ?? first
  }

  private func endings(awaitedIn wait: Wait) -> [Int] {
    switch wait.future {
    case .party(let task): [task]
    case .resource(let future): namer.endings(wait.primitive?.resource ?? future)
    case nil: wait.primitive?.resource.map { namer.endings($0) } ?? []
    }
  }

  /// Where the user's own code is, and what it has called there if that waits elsewhere.
  private func at(_ stack: StackID?) -> String {
    guard let site = namer.userSite(stack) else { return "" }
    guard let inner = namer.directSite(stack), inner != site else {
      return ", at \(Namer.place(site))"
    }
    return ", at \(Namer.place(site)), in \(inner.function) (\(Namer.place(inner)))"
  }
}
