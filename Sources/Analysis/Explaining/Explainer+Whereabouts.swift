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

  /// The parties that one after the other waits for, as far as each waits for the end of others: the first of
  /// several.
  private func followed(from main: Int) -> [Int] {
    var path: [Int] = []
    var next: Int? = main
    while let party = next, !path.contains(party), let wait = wait(of: party) {
      path.append(party)
      switch wait.future {
      case .party(let task): next = task
      case .resource(let future): next = namer.endings(wait.primitive?.resource ?? future).first
      case nil: next = wait.primitive?.resource.flatMap { namer.endings($0).first }
      }
    }
    return path
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
