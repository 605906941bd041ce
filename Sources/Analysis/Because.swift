import Findings
import History
import OrderedCollections
import TraceFormat

/// The facts that make a wait hopeless, one a line.
struct Because {
  let explainer: Explainer
  let cause: Cause
  let kind: FindingKind

  private var world: World { explainer.world }
  private var namer: Namer { explainer.namer }

  func facts() -> [String] {
    if let task = cause.ignored { return cancelFacts(task) }
    var facts: [String] = []
    if !cause.isRing(kind) {
      for index in explainer.resources(cause) { facts += resourceFacts(index) }
    }
    facts += gateFacts()
    facts += ChildWording(explainer: explainer, cause: cause).facts()
    facts += ConnectionWording(explainer: explainer, cause: cause).facts()
    facts += reachFacts()
    facts += unheardFacts()
    for node in cause.nodes {
      if case .thread(let slot) = explainer.model.nodes[node] { facts += threadFacts(slot) }
    }
    if !cause.isRing(kind) { facts += failures() + neverAwaited() }
    facts += habitFacts() + heirFacts()
    if !cause.isStructural, !explainer.model.isLive(.anything) {
      facts.append(
        "no timer, descriptor, signal handler, job or other thread was left that could act")
      facts.append("every task that is left waits, and none of them for something that can come")
    }
    // Several waits of one cause may have the same to say.
    return Array(OrderedSet(facts))
  }

  private func cancelFacts(_ task: Int) -> [String] {
    let party = world.parties[task]
    guard let asked = party.cancelRequested, let broken = party.brokenWait, let wait = party.wait
    else { return [] }
    let asker =
      explainer.model.isAskedByRun(task) ? "asyncio.run" : namer.quoted(party: asked.party)
    let place = namer.userSite(broken.site).map { " at \(Namer.place($0))" } ?? ""
    var facts = [
      "\(asker) asked \(namer.quoted(party: task)) to end at \(Clock.instant(asked.time))"
    ]
    if broken.site == wait.site {
      facts.append(
        "the request broke off its wait\(place), and it waits there again since "
          + Clock.instant(wait.since))
    } else {
      let inside =
        namer.directSite(broken.site).map { ", in \($0.function) (\(Namer.place($0)))" } ?? ""
      facts.append(
        "the request met it\(place)\(inside), and got lost there: it handles no exception")
      if let now = namer.userSite(wait.site) {
        facts.append("it waits at \(Namer.place(now)) since \(Clock.instant(wait.since))")
      }
    }
    if party.runsSinceCancel > 1 { facts.append("it ran \(party.runsSinceCancel) times since") }
    return facts
  }

  private func gateFacts() -> [String] {
    guard let gate = cause.gate,
      case .ended(_, let at) = world.parties[gate.passage].state
    else { return [] }
    let holders = world.resources[gate.resource].holds.map(\.party)
    return [
      "\(namer.quoted(party: gate.passage)) of \(namer.quoted(party: gate.party)) got through at "
        + "\(Clock.instant(at)), and \(namer.quoted(party: gate.party)) has waited for "
        + "\(namer.name(resource: gate.resource)) since",
      "all that hold \(namer.name(resource: gate.resource)) are stuck here: \(list(holders))",
    ]
  }

  private func unheardFacts() -> [String] {
    cause.nodes.compactMap { node in
      guard case .party(let index) = explainer.model.nodes[node],
        explainer.model.unheard.contains(index),
        let idle = world.threads[world.parties[index].thread]?.loops.last?.idle
      else { return nil }
      return "the event loop has slept since \(Clock.instant(idle.since)), with no timer to wake it"
    }
  }

  /// Those that have taken from a full queue so far, or had taken what join() waits for.
  private func habitFacts() -> [String] {
    cause.nodes.compactMap { node in
      guard explainer.model.habitual.contains(node),
        case .resource(let index, let operation) = explainer.model.nodes[node]
      else { return nil }
      let takers = world.resources[index].takers.filter { !world.parties[$0].isEnded }.sorted()
      let verb = takers.count == 1 ? "waits" : "wait"
      let name = namer.name(resource: index)
      return operation == .queuePut
        ? "all that took from \(name) so far \(verb), too: \(list(takers))"
        : "all that took the items \(verb) for more of them: \(list(takers))"
    }
  }

  /// What became of those that used to end such waits.
  private func heirFacts() -> [String] {
    cause.nodes.flatMap { node -> [String] in
      guard explainer.model.learned.contains(node),
        case .resource(let index, _) = explainer.model.nodes[node],
        let habit = world.habit(of: index)
      else { return [] }
      let acted = habit.providers.sorted()
      guard acted.contains(where: { world.parties[$0].kind == .task }) else {
        return ["no open connection leads to \(namer.name(resource: index)) any more"]
      }
      return [
        "only \(list(acted)) \(verb(index)) \(namer.name(resource: index)), or others made at the same "
          + "place, so far"
      ] + explainer.model.providers(habit).suffix(Self.reachLimit).compactMap(fateFact)
    }
  }

  private func verb(_ index: Int) -> String {
    switch world.resources[index].kind {
    case .queue: "filled"
    case .event: "set"
    case .condition: "notified"
    default: "resolved"
    }
  }

  private func fateFact(_ task: Int) -> String? {
    guard case .ended(let outcome, let at) = world.parties[task].state else { return nil }
    let error = world.parties[task].error
    let place = namer.directSite(error?.site).map { ", raised at \(Namer.place($0))," } ?? ""
    let how =
      outcome == .error ? "ended with \(error?.type ?? "an error")\(place)" : ended(task, outcome)
    return "\(namer.quoted(party: task)) \(how) at \(Clock.instant(at))"
  }

  /// At most a few names.
  private func list(_ parties: [Int]) -> String {
    let others = parties.count - Self.reachLimit
    return parties.prefix(Self.reachLimit).map(namer.quoted(party:)).joined(separator: ", ")
      + (others > 0 ? " and \(others) more" : "")
  }

  /// Who could act on what is waited for, by the latest snapshot.
  private func reachFacts() -> [String] {
    let model = explainer.model
    let indices = explainer.resources(cause).prefix(Self.reachLimit)
    // Things made by the same line have one name, and one fact.
    var actorsByName: OrderedDictionary<String, (index: Int, actors: OrderedSet<WaitModel.Node>)> =
      [:]
    for index in indices {
      guard let actors = model.reach.actors(on: index) else { continue }
      actorsByName[namer.name(resource: index), default: (index, [])].actors.formUnion(actors)
    }
    return actorsByName.compactMap { name, entry in
      let (index, actors) = entry
      if cause.isLearned, let timer = model.reach.timers(on: index).map(\.deadline).min() {
        return "a timer due at \(Clock.instant(timer)) could still reach \(name), but none has "
          + "ended such a wait before"
      }
      if actors.isEmpty {
        return "nothing in the process could reach \(name) any more but the wait itself: no task, "
          + "thread, timer, descriptor or module"
      }
      let parties = actors.compactMap { node -> Int? in
        if case .party(let index) = node { index } else { nil }
      }
      if parties.count == actors.count {
        return "nothing but \(list(parties)) could still reach \(name), and "
          + (parties.count == 1 ? "it waits" : "these wait") + " as well"
      }
      guard let way = model.reach.ways(to: index).first else { return nil }
      return "what could still reach \(name): \(way)"
    }
  }
  private static let reachLimit = 4

  private func resourceFacts(_ index: Int) -> [String] {
    let resource = world.resources[index]
    let name = namer.name(resource: index)
    var facts: [String] = []
    for hold in explainer.holds(of: index).prefix(4) {
      guard case .ended(let outcome, let at) = world.parties[hold.party].state else { continue }
      let how =
        hold.handedBy.map { "to which \(namer.quoted(party: $0)) handed" } ?? "which took"
      facts.append(
        "\(namer.quoted(party: hold.party)), \(how) \(name) at \(place(hold)), "
          + "\(ended(hold.party, outcome)) at \(Clock.instant(at)) without giving it back")
    }
    switch resource.kind {
    case .future where !resource.members.isEmpty: break
    case .future:
      let speaksSwift = namer.speaksSwift(resource: index)
      facts.append(
        speaksSwift
          ? "the continuation was not resumed before the trace ended"
          : "the future was pending when the trace ended")
      facts += siblingFacts(index, speaksSwift ? "resumed" : "resolved")
    case .event:
      facts.append(
        resource.signalled.map { "\(name) was set last at \(place($0)), and cleared since" }
          ?? "nothing ever set \(name)")
      if resource.signalled == nil { facts += siblingFacts(index, "set") }
    case .condition:
      facts.append(
        resource.signalled.map {
          "\(name) was notified last at \(place($0)), \(Clock.instant($0.time)), when "
            + (resource.signalledWaiters == 0
              ? "nobody waited" : "\(resource.signalledWaiters) waited")
        } ?? "nothing ever notified \(name)")
      if resource.isPool {
        facts.append(
          "tasks took its lock where it is waited for \(resource.getCount) times without waiting on, "
            + "and \(resource.returnCount) times notified it later: each of the others counts as a take"
        )
      }
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
    case .semaphore, .group, .stream, .executor, .concurrentFuture, .thread, .process, .actor: break
    }
    if let task = resource.wastedOn, !resource.holds.contains(where: { $0.party == task }) {
      facts.append("the wake-up went to \(cancelled(task))")
    }
    return facts
  }

  /// Who ended such waits before, and the fate of those that waited at the same place.
  private func siblingFacts(_ index: Int, _ verb: String) -> [String] {
    var facts: [String] = []
    if let habit = world.habit(of: index),
      !cause.isLearned || world.parties[habit.last.party].kind == .thread
    {
      let last = habit.last
      var fact =
        "of those made at the same place, \(habit.count) \(habit.count == 1 ? "was" : "were") "
        + "\(verb), the last one by \(namer.quoted(party: last.party)) at "
        + "\(place(last)), \(Clock.instant(last.time))"
      if case .ended(let outcome, let at) = world.parties[last.party].state {
        fact += "; \(namer.quoted(party: last.party)) \(word(outcome)) at \(Clock.instant(at))"
      }
      facts.append(fact)
    }
    return facts
  }

  /// How a task ended, and who asked for it if it was cancelled.
  private func ended(_ task: Int, _ outcome: Outcome) -> String {
    guard outcome == .cancelled, let asked = world.parties[task].cancelRequested else {
      return fate(task, outcome)
    }
    return "was cancelled by \(namer.quoted(party: asked.party)) (\(place(asked)))"
  }

  /// A cancelled task, with who asked for it and where.
  private func cancelled(_ task: Int) -> String {
    let name = "\(namer.quoted(party: task)), which was cancelled"
    guard let asked = world.parties[task].cancelRequested else { return name }
    return name + " by \(namer.quoted(party: asked.party)) at \(place(asked))"
  }

  private func queueFacts(_ resource: ResourceRecord, _ name: String) -> [String] {
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
    resource.takers.union(resource.providers).sorted().prefix(4).compactMap { index in
      guard world.parties[index].kind == .task,
        case .ended(let outcome, let at) = world.parties[index].state
      else { return nil }
      let role = resource.takers.contains(index) ? "took" : "put"
      return "\(namer.quoted(party: index)), which \(role) before, \(fate(index, outcome)) at "
        + Clock.instant(at)
    }
  }

  /// Tasks that failed: what they would have done is a usual reason.
  private func failures() -> [String] {
    // What is said of those that took something, or for which a wake-up was wasted, is enough.
    var told: Set<Int> = []
    for index in explainer.resources(cause) {
      told.formUnion(world.resources[index].holds.map(\.party))
      if let task = world.resources[index].wastedOn { told.insert(task) }
      if cause.isLearned, let habit = world.habit(of: index) {
        told.formUnion(explainer.model.providers(habit))
      }
    }
    return world.parties.indices.compactMap { index in
      guard world.parties[index].kind == .task, !told.contains(index),
        case .ended(let outcome, let at) = world.parties[index].state, outcome != .value
      else { return nil }
      let error = world.parties[index].error
      let place = namer.userSite(error?.site).map { ", at \(Namer.place($0))" } ?? ""
      if world.parties[index].isDestroyed {
        return "\(namer.quoted(party: index)) was collected while it waited, \(Clock.instant(at))"
      }
      if outcome == .cancelled { return "\(cancelled(index)), \(Clock.instant(at))" }
      return "\(namer.quoted(party: index)) ended with \(error?.type ?? "an error")\(place) at "
        + Clock.instant(at)
    }.suffix(3)
  }

  private func neverAwaited() -> [String] {
    world.neverAwaited.suffix(3).map { coroutine in
      let name = coroutine.function?.function ?? "a coroutine"
      let place = namer.userSite(coroutine.site).map { " at \(Namer.place($0))" } ?? ""
      return "the coroutine '\(name)' was dropped\(place) and never awaited, so it never ran"
    }
  }

  private func threadFacts(_ slot: ThreadSlot) -> [String] {
    guard let thread = world.threads[slot], !thread.loops.isEmpty else { return [] }
    let busy = world.now.since(thread.lastEvent)
    return [
      "the loop's thread has not been back in the loop for \(Clock.duration(busy))",
      "nothing else of the loop can run meanwhile",
    ]
  }

  private func place(_ what: Occurrence) -> String {
    namer.userSite(what.site).map(Namer.place) ?? "an unknown place"
  }

  /// How a party ended, in words.
  private func fate(_ party: Int, _ outcome: Outcome) -> String {
    world.parties[party].isDestroyed ? "was collected while it waited" : word(outcome)
  }

  private func word(_ outcome: Outcome) -> String {
    switch outcome {
    case .value: "ended"
    case .error: "ended with an error"
    case .cancelled: "was cancelled"
    }
  }
}
