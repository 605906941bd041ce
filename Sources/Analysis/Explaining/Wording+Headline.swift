import Findings
import History
import OrderedCollections
import TraceFormat

/// The headline of a finding.
extension Wording {
  func headline() -> String {
    if speaksSwift, let headline = swiftHeadline() { return headline }
    if let headline = retried { return headline }
    switch kind {
    case .lockCycle: return lockCycle
    case .awaitCycle:
      return waiting.count == 1
        ? "\(subject) waits for its own end" : "\(subject) wait for each other to end"
    case .pipeCycle where explainer.processes(cause).isEmpty: return peers.headline(subject)
    case .pipeCycle: return children.headline(subject, verb, waiting)
    case .selfDeadlock: return "\(subject) waits for \(resource), which it holds itself"
    case .permitExhaustion where cause.gate != nil: return gate
    case .permitExhaustion where !idleHolders.isEmpty:
      return
        "all \(lent.many) of \(permits.map(namer.name(resource:)) ?? resource) are held by tasks that "
        + "wait for others which wait for one: " + list(idleHolders.map(namer.quoted(party:)))
    case .permitExhaustion:
      return "all \(lent.many) of \(resource) are held by tasks that wait for one more: "
        + list((permits.map(holders) ?? parties).map(namer.quoted(party:)))
    case .abandonedLock where isInherited:
      return
        "\(subject) \(verb) for \(resource), which another thread held when the process was forked: "
        + "that thread is not in this process"
    case .abandonedLock:
      return "\(subject) \(verb) for \(resource), whose holder \(holder) "
        + (wasCollected ? "was collected" : "has ended")
    case .strandedWaiter where wasted != nil, .lostWakeup where wasted != nil:
      return
        "\(subject) \(verb) \(kind == .lostWakeup ? "on" : "for") \(resource); the wake-up went "
        + "to \(wasted.map(namer.quoted(party:)) ?? "another"), which was cancelled before it ran"
    case .ignoredCancel: return ignoredCancel
    case .exitBlocked:
      return "the program is over but for \(subject), which \(verb) for \(what); "
        + "\(probably)nothing can end that"
    case .strandedWaiter: return "\(subject) \(verb) for \(resource), which is free"
    case .wrongThreadWakeup:
      return "what \(subject) \(verb) for is done, but the event loop sleeps and was not told: "
        + "\(resolver) did it from another thread"
    case .leakedPermit where leak != nil:
      return "\(subject) \(verb) to be let in by \(leak?.gate.function ?? "it"), and "
        + "\(probably)nothing can end that wait; an earlier call was cancelled after it was let in"
    case .leakedPermit:
      return
        "\(subject) \(verb) for \(lent.one) of \(resource) that \(probably)nobody will give back"
    case .orphanedFuture where isClosing:
      return "\(subject) \(verb) for \(resource), which \(probably)never comes" + failed
    case .orphanedFuture:
      return "\(subject) \(verb) for \(what) that \(probably)nothing can \(ending) any more"
        + failed
    case .lostWakeup where cause.failed != nil:
      return "\(subject) \(verb) on \(resource), which \(probably)nobody will notify any more"
        + failed
    case .lostWakeup where isAbout(.event):
      return "\(subject) \(verb) for \(resource), which was set before and cleared, and "
        + "\(probably)nothing sets again"
    case .lostWakeup where wasInVain:
      return
        "\(subject) \(verb) on \(resource), which was notified before what is waited for held; "
        + "\(probably)nobody will notify it again"
    case .lostWakeup where waitsForPredicate:
      return "\(subject) \(verb) on \(resource) for what \(probably)nothing will make true any more"
    case .lostWakeup:
      return "\(subject) \(verb) for a wake-up of \(resource) that came before the wait, or never"
    case .queueNoConsumer:
      return
        "\(subject) \(verb) to put into \(resource), which \(isOneResource ? "is" : "are") full and "
        + "\(probably)never emptied"
        + failed
    case .queueNoProducer:
      return "\(subject) \(verb) for an item of \(resource), which \(probably)nobody fills any more"
        + failed
    case .unfinishedJoin:
      return "\(subject) \(verb) in join() of \(resource), which \(probably)nobody will finish"
        + failed
    case .shortBarrier:
      return "\(subject) \(verb) at \(resource), for parties that will \(probably)never come"
    case .blockedLoop where keeper != nil:
      return "the event loop cannot run: \(subject) has kept the interpreter to itself for \(kept)"
    case .blockedLoop:
      return "the event loop is blocked: \(subject) has kept its thread for \(busy)"
    case .loopSelfWait where connections.answer != nil:
      let who = list(blockers.map(namer.quoted(party:)))
      return blockers.count == 1
        ? "\(who) waits on the loop's own thread for \(connections.answer ?? resource), which only "
          + "that loop can give"
        : "\(who) wait on the threads of their loops for answers that only these loops can give"
    case .loopSelfWait:
      return "\(list(blockers.map(namer.quoted(party:)))) \(blockers.count == 1 ? "waits" : "wait")"
        + " on the loop's own thread for work that needs that same loop"
    case .poolStarvation:
      return "every worker of \(pool) waits for work queued behind it"
    case .suspendedHolder:
      let holders = waiting.filter { !blockers.contains($0) }
      return "\(list(blockers.map(namer.quoted(party:)))) blocks the loop's thread on \(resource), "
        + "held by \(list(holders.map(namer.quoted(party:)))), which needs that thread to go on"
    case .externalWait, .swallowedException, .neverAwaited, .slowCallback, .transientDeadlock,
      .destroyedPending, .lockOrderInversion, .nearExhaustion, .longHold:
      return subject
    }
  }

  private var lockCycle: String {
    guard holdsOnly else {
      if let (holder, waiter, lock) = heldWhileAwaiting {
        let isAlone = namer.crowds.crowd(party: waiter) == nil
        let who = namer.quoted(party: waiter)
        if let signal = signal(of: holder) {
          return
            "\(namer.quoted(party: holder)) waits for \(signal.name), which only \(who) could "
            + "still \(signal.ending), while it holds \(lock), which \(who) "
            + "\(isAlone ? "waits" : "wait") for"
        }
        return "\(namer.quoted(party: holder)) waits for the end of \(who) while it holds "
          + "\(lock), which \(isAlone ? "that task waits" : "those tasks wait") for"
      }
      if crossesConnection {
        return "\(subject) wait for each other: for a lock, and for a reply that needs that lock"
      }
      return
        "\(subject) wait for each other: one for a lock, the other for the end of a task that "
        + "needs it"
    }
    return waiting.count == 2
      ? "\(subject) each wait for the lock the other holds"
      : "\(subject) wait for each other's locks in a circle"
  }

  private var kept: String {
    keeper.map { Clock.duration(world.now.since($0.since)) } ?? "long"
  }

  private var isOneResource: Bool {
    cause.isRing(kind) || Set(explainer.resources(cause).map(namer.name(resource:))).count < 2
  }

  /// Who resolved what an unheard task waits for.
  private var resolver: String {
    let done = waiting.compactMap { explainer.resolution(of: $0) }
    return list(done.map { namer.quoted(party: $0.party) })
  }

  private var holder: String {
    let holds = explainer.resources(cause).flatMap(explainer.holds)
    return list(holds.map { namer.quoted(party: $0.party) })
  }

  private var what: String {
    let resources = explainer.resources(cause)
    guard let index = resources.first, world.resources[index].kind == .future,
      namer.crowds.crowd(resource: index) == nil
    else { return resource }
    return resources.count == 1 || cause.isCycle ? "a future" : "futures"
  }

  private var gate: String {
    guard let gate = cause.gate else { return subject }
    let inside = list(waiting.filter { $0 != gate.party }.map(namer.quoted(party:)))
    return "all \(lent.many) of \(namer.name(resource: gate.resource)) are taken for \(inside), "
      + "stuck at \(resource); \(namer.quoted(party: gate.party)), which has been through there, "
      + "waits for one more"
  }

  /// Who was to end the wait, and failed.
  private var failed: String {
    guard let task = cause.failed else { return "" }
    return
      ": \(namer.quoted(party: task)) ended with \(world.parties[task].error?.type ?? "an error")"
  }

  /// Of a wait that is given up and begun again without end.
  private var retried: String? {
    guard let retries = cause.retries, let resource = retries.wait.primitive?.resource else {
      return nil
    }
    let holders = list(explainer.holds(of: resource).map { namer.quoted(party: $0.party) })
    return
      "\(namer.quoted(party: retries.task)) has tried \(Namer.grouped(retries.count)) times to get "
      + "\(namer.name(resource: resource)), which \(holders) will hold until others have acted, and probably "
      + "nobody else would"
  }

  private var ignoredCancel: String {
    guard let task = cause.ignored else { return subject }
    let others = explainer.model.waiters(ofTheEndOf: task)
    let asked =
      others.isEmpty
      ? "\(terms.runner) waits"
      : "\(list(others.map(namer.quoted(party:)))) "
        + (others.count == 1 ? "waits" : "wait")
    return "\(namer.quoted(party: task)) was asked to end and went on; \(asked) for its end"
  }

  /// What ends a wait for it.
  private var ending: String {
    explainer.resources(cause).first.map { namer.end($0).base } ?? "provide"
  }

  /// The executor that the cause is about.
  private var pool: String {
    for node in cause.nodes {
      if case .executor(let index) = explainer.model.nodes[node] {
        return namer.name(resource: index)
      }
    }
    if let pool = parties.lazy.compactMap({ world.parties[$0].executor }).first {
      return namer.name(resource: pool)
    }
    return resource
  }
}
