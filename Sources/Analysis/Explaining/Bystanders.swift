import History
import TraceFormat

/// Those that wait for ever and that the finding is not about.
extension Explainer {
  private static let limit = 3

  /// Where a trace does not say who should have ended a wait, it may be one of those that nobody helps either.
  func bystanderNotes(_ cause: Cause) -> [String] {
    guard !cause.isClosed, !model.isLive(.anything) else { return [] }
    let own = Set(cause.behind + direct(cause).map(\.party) + partyNodes(cause))
    let others = world.parties.indices.lazy.filter { !own.contains($0) && isHelpless($0) }
    return others.prefix(Self.limit).map { party in
      let wait = wait(of: party)
      let place = namer.userSite(wait?.site).map { " at \(Namer.place($0))" } ?? ""
      let what = wait.map(awaited).map { "for \($0)" } ?? ""
      return "nobody ends the wait of \(namer.quoted(party: party)) \(what)\(place) either; "
        + "it may be the one that should have acted"
    }
  }

  /// A task, or a thread that has work for others in hand.
  private func isHelpless(_ index: Int) -> Bool {
    let party = world.parties[index]
    guard !party.isEnded, !model.isLive(.party(index)), let wait = wait(of: index) else {
      return false
    }
    switch party.kind {
    case .task: return party.wait != nil || world.threads[party.thread]?.block != nil
    case .job: return false
    case .thread:
      guard let thread = world.threads[party.thread] else { return false }
      let works = thread.isResting.map { !$0 } ?? namer.isOnlySwift
      return works && wait.deadline == nil && namer.userSite(wait.site)?.ownership == .user
    }
  }
}
