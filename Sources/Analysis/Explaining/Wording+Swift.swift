import Findings
import History
import TraceFormat

/// The headline where tasks of Swift are concerned; nothing where the words are the same.
extension Wording {
  var speaksSwift: Bool {
    namer.isOnlySwift
      || hops.contains { hop in
        world.parties[hop.party].isScheduled
          || explainer.wait(of: hop.party).flatMap { namer.userSite($0.site) }.map(\.isSwift)
            == true
      }
  }

  func swiftHeadline() -> String? {
    switch kind {
    case .loopSelfWait where blocksSet, .blockedLoop where blocksSet: return nil
    case .lockCycle where hops.contains(where: { isKind(.actor, $0.resource) }):
      return
        "\(subject) wait for each other: each for what the other holds, "
        + list(hops.compactMap { $0.resource.map(namer.name(resource:)) })
    case .orphanedFuture where isAbout(.semaphore):
      return "\(subject) \(verb) for a signal of \(resource) that \(probably)nobody will send"
    case .orphanedFuture where isAbout(.threadLock):
      return "\(subject) \(verb) for \(resource); who holds it is not known"
    case .orphanedFuture where isAbout(.future):
      let what = explainer.resources(cause).count == 1 ? "a continuation" : "continuations"
      return "\(subject) \(verb) for \(what) that \(probably)nobody will resume"
    case .orphanedFuture where isAbout(.concurrentFuture):
      return "\(subject) \(verb) for the end of an operation that \(probably)nobody will run"
    case .queueNoProducer:
      return "\(subject) \(verb) for an element of \(resource), to which \(probably)nobody yields "
        + "any more"
    case .unfinishedJoin:
      return "\(subject) \(verb) for \(resource), which \(probably)somebody has not left"
    case .blockedLoop:
      return "\(executor) is blocked: \(list(blockers.map(namer.quoted(party:)))) has kept its "
        + "thread for \(busy)"
    case .loopSelfWait:
      return "\(list(holders)) \(holders.count == 1 ? "blocks" : "block") \(executor) while "
        + "\(list(queued)) \(queued.count == 1 ? "waits" : "wait") for a turn there"
    case .poolStarvation where !queued.isEmpty:
      return "every thread of \(executor) is blocked, and \(list(queued)) "
        + "\(queued.count == 1 ? "waits" : "wait") for one"
    case .suspendedHolder:
      return "\(list(holders)) \(holders.count == 1 ? "blocks" : "block") \(executor) on \(lock), "
        + "held by \(list(queued)), which \(queued.count == 1 ? "needs" : "need") a turn there"
    default: return nil
    }
  }

  /// Whether it is about a thread that is to look at descriptors, as event loops are made.
  var blocksSet: Bool {
    blockers.contains { explainer.model.neglectsLoop(world.parties[$0].thread) }
  }

  func isKind(_ kind: ResourceKind, _ resource: Int?) -> Bool {
    resource.map { world.resources[$0].kind == kind } ?? false
  }

  func isShared(_ resource: Int?) -> Bool {
    resource.map { world.resources[$0].isShared } ?? false
  }

  func isAbout(_ kind: ResourceKind) -> Bool {
    isKind(kind, explainer.resources(cause).first)
  }

  /// Those that wait for a turn, and those that block who has it.
  private var queued: [String] {
    waiting.filter { explainer.model.turn(of: $0) != nil }.map(namer.quoted(party:))
  }
  private var holders: [String] {
    waiting.filter { explainer.model.turn(of: $0) == nil }.map(namer.quoted(party:))
  }

  private var executor: String {
    let index =
      waiting.lazy.compactMap { explainer.model.turn(of: $0)?.executor }.first
      ?? cause.nodes.lazy.compactMap { node -> Int? in
        if case .executor(let index) = explainer.model.nodes[node] { index } else { nil }
      }.first ?? waiting.lazy.compactMap { world.parties[$0].executor }.first
    return index.map(namer.name(resource:)) ?? "its executor"
  }

  private var lock: String {
    explainer.resources(cause).first { !isKind(.actor, $0) }.map(namer.name(resource:))
      ?? "a lock"
  }
}
