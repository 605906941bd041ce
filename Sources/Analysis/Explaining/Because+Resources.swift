import Findings
import History
import TraceFormat

/// What became of the things that are waited for.
extension Because {
  func resourceFacts(_ index: Int) -> [String] {
    let resource = world.resources[index]
    let name = namer.name(resource: index)
    var facts = takeFacts(index, name)
    switch resource.kind {
    case .future where !resource.members.isEmpty || namer.isClosing(resource: index): break
    case .future: facts += futureFacts(index)
    case .event: facts += eventFacts(index, name)
    case .condition: facts += conditionFacts(resource, name)
    case .queue: facts += queueFacts(resource, name)
    case .barrier:
      let waiting = explainer.model.waiters[index, default: []].count
      facts.append("\(name) lets \(resource.capacity) pass at once, and \(waiting) wait")
    case .lock, .threadLock:
      if let released = resource.released, resource.holds.isEmpty {
        facts.append(
          "\(name) is free: \(namer.quoted(party: released.party)) gave it back at "
            + "\(place(released)), and the wake-up reached none of those that wait")
      }
    case .semaphore where resource.countsSignals && kind == .orphanedFuture:
      facts += signalFacts(index)
    case .semaphore, .group, .stream, .executor, .concurrentFuture, .thread, .process, .actor: break
    }
    if let task = resource.wastedOn, !resource.holds.contains(where: { $0.party == task }) {
      facts.append("the wake-up went to \(cancelled(task))")
    }
    return facts
  }

  /// Those that took it and have ended.
  private func takeFacts(_ index: Int, _ name: String) -> [String] {
    explainer.holds(of: index).prefix(Self.limit).compactMap { hold in
      guard case .ended(let outcome, let at) = world.parties[hold.party].state else { return nil }
      if world.parties[hold.party].isLeftBehind {
        return
          "\(name) was taken at \(place(hold)), in the parent process, and the fork copied it so"
      }
      let how =
        hold.handedBy.map { "to which \(namer.quoted(party: $0)) handed" } ?? "which took"
      return "\(namer.quoted(party: hold.party)), \(how) \(name) at \(place(hold)), "
        + "\(ended(hold.party, outcome)) at \(Clock.instant(at)) without giving it back"
    }
  }

  private func futureFacts(_ index: Int) -> [String] {
    let resource = world.resources[index]
    var facts = [
      namer.speaksSwift(resource: index)
        ? "the continuation was not resumed before the trace ended"
        : "the future was pending when the trace ended"
    ]
    if let lost = resource.lost {
      let isKnown = namer.userSite(lost.site).map { $0.ownership != .runtime } == true
      facts.append(
        "\(namer.quoted(party: lost.party)) let go of it\(isKnown ? " at " + place(lost) : ""), "
          + "\(Clock.instant(lost.time)), and nobody else has it")
    }
    return facts + siblingFacts(index) + makerFacts(resource)
  }

  private func eventFacts(_ index: Int, _ name: String) -> [String] {
    let resource = world.resources[index]
    guard let set = resource.signalled else {
      return ["nothing ever set \(name)"] + siblingFacts(index)
    }
    let cleared = resource.cleared.map {
      "at \(place($0)), by \(namer.quoted(party: $0.party)), \(Clock.instant($0.time))"
    }
    return ["\(name) was set last at \(place(set)), and cleared \(cleared ?? "since")"]
  }

  private func conditionFacts(_ resource: ResourceRecord, _ name: String) -> [String] {
    var facts = [
      resource.signalled.map {
        "\(name) was notified last at \(place($0)), \(Clock.instant($0.time)), when "
          + (resource.signalledWaiters == 0
            ? "nobody waited" : "\(resource.signalledWaiters) waited")
      } ?? "nothing ever notified \(name)"
    ]
    if resource.isPool {
      facts.append(
        "tasks took its lock where it is waited for \(resource.getCount) times without waiting on, "
          + "and \(resource.returnCount) times notified it later: each of the others counts as a take"
      )
    }
    return facts
  }

  /// Who released last a semaphore that passes on signals.
  private func signalFacts(_ index: Int) -> [String] {
    let name = namer.name(resource: index)
    let verb = namer.end(index).past
    guard let last = world.resources[index].released else {
      let isKnown = !world.resources[index].isOlder
      return (isKnown ? ["nothing ever \(verb) \(name)"] : []) + siblingFacts(index)
    }
    let who = namer.quoted(party: last.party)
    var fact = "\(name) was \(verb) last by \(who) at \(place(last)), \(Clock.instant(last.time))"
    if case .ended(let outcome, let at) = world.parties[last.party].state, !cause.isLearned {
      fact += "; \(who) \(ended(last.party, outcome)) at \(Clock.instant(at))"
    }
    return [fact]
  }

  /// Who ended such waits before, and the fate of those that waited at the same place.
  private func siblingFacts(_ index: Int) -> [String] {
    var facts: [String] = []
    if let habit = world.habit(of: index),
      !cause.isLearned || world.parties[habit.last.party].kind == .thread
    {
      let last = habit.last
      var fact =
        "of those made at the same place, \(habit.count) \(habit.count == 1 ? "was" : "were") "
        + "\(namer.end(index).past)\(habit.isByMaker && habit.count > 1 ? ", each by the task that made it" : ""), the last one by \(namer.quoted(party: last.party)) at "
        + "\(place(last)), \(Clock.instant(last.time))"
      if case .ended(let outcome, let at) = world.parties[last.party].state {
        fact += "; \(namer.quoted(party: last.party)) \(word(outcome)) at \(Clock.instant(at))"
      }
      facts.append(fact)
    }
    return facts
  }

  /// How a task ended that made something for others to wait for, and where it was when it was asked to.
  private func makerFacts(_ resource: ResourceRecord) -> [String] {
    guard let maker = resource.created?.party, world.parties[maker].kind == .task,
      case .ended(let outcome, let at) = world.parties[maker].state
    else { return [] }
    let name = namer.quoted(party: maker)
    var fact = "\(name), which made it, \(ended(maker, outcome)) at \(Clock.instant(at))"
    if let site = explainer.interruption(ofMaker: maker, resource) {
      fact += outcome == .cancelled ? ", when it was at" : "; a request to end had met it at"
      fact += " \(Namer.place(site))"
    }
    return [fact]
  }

  private func queueFacts(_ resource: ResourceRecord, _ name: String) -> [String] {
    // What is taken from a stream of Swift is not recorded.
    if namer.isOnlySwift { return resource.lastPut == nil ? ["nothing was ever put"] : [] }
    var facts = ["\(name) holds \(resource.items) \(resource.items == 1 ? "item" : "items")"]
    if resource.capacity > 0 {
      facts[0] = "\(name) holds \(resource.items) of \(resource.capacity) items"
    }
    if resource.lastPut == nil { facts.append("nothing was ever put") }
    if resource.lastGot == nil { facts.append("nothing was ever taken") }
    if kind == .unfinishedJoin && resource.unfinished > 0 {
      facts.append(
        "\(resource.unfinished) \(resource.unfinished == 1 ? "item lacks" : "items lack") "
          + "task_done(), which was called \(resource.taskDoneCount) times")
    }
    return cause.isLearned ? facts : facts + actors(resource)
  }

  /// What became of those that had put or taken before.
  private func actors(_ resource: ResourceRecord) -> [String] {
    resource.takers.union(resource.providers).sorted().prefix(Self.limit).compactMap { index in
      guard world.parties[index].kind == .task,
        case .ended(let outcome, let at) = world.parties[index].state
      else { return nil }
      let role = resource.takers.contains(index) ? "took" : "put"
      return "\(namer.quoted(party: index)), which \(role) before, \(ended(index, outcome)) at "
        + Clock.instant(at)
    }
  }
}
