import Findings
import History
import OrderedCollections
import TraceFormat

/// The facts that make a wait hopeless, one a line.
struct Because {
  let explainer: Explainer
  let cause: Cause
  let kind: FindingKind

  var world: World { explainer.world }
  var namer: Namer { explainer.namer }

  /// At most as many names or facts of one sort are said.
  static let limit = 4

  func facts() -> [String] {
    if let task = cause.ignored { return cancelFacts(task) }
    var facts: [String] = []
    if !cause.isRing(kind) {
      for index in explainer.resources(cause) { facts += resourceFacts(index) }
    }
    facts += gateFacts()
    facts += ChildWording(explainer: explainer, cause: cause).facts()
    facts += ConnectionWording(explainer: explainer, cause: cause).facts()
    facts += PeerWording(explainer: explainer, cause: cause).facts()
    facts += reachFacts()
    facts += unheardFacts() + neglectFacts()
    for node in cause.nodes {
      if case .thread(let slot) = explainer.model.nodes[node] { facts += threadFacts(slot) }
    }
    // Who is needed in a ring is certain, but not why those are that others merely could reach.
    if !cause.isRing(kind) || cause.isProved {
      facts += failures() + failedCallbacks() + neverAwaited()
    }
    facts += habitFacts() + heirFacts() + earlierFacts() + retryFacts()
    if !cause.isStructural, !explainer.model.isLive(.anything) {
      facts.append(
        "no timer, descriptor, signal handler, job or other thread was left that could act")
      facts.append("every task that is left waits, and none of them for something that can come")
    }
    // Several waits of one cause may have the same to say.
    return joined(Array(OrderedSet(facts)))
  }

  /// What is said of several things in the same words is said once, unless it begins with their names.
  private func joined(_ facts: [String]) -> [String] {
    let names = Set(explainer.resources(cause).map(namer.name(resource:)))
      .sorted { ($1.count, $0) < ($0.count, $1) }
    guard names.count > 1 else { return facts }
    var told: OrderedDictionary<String, [String]> = [:]
    for fact in facts {
      guard let name = names.first(where: { fact.contains(" \($0)") }) else {
        told[fact] = []
        continue
      }
      told[fact.replacing(" \(name)", with: " \u{1}"), default: []].append(name)
    }
    return told.map { fact, names in
      let last = names.count > 1 ? " and " + names[names.count - 1] : ""
      return fact.replacing(
        "\u{1}", with: names.prefix(max(1, names.count - 1)).joined(separator: ", ") + last)
    }
  }

  private func cancelFacts(_ task: Int) -> [String] {
    let party = world.parties[task]
    guard let asked = party.cancelRequested, let broken = party.brokenWait, let wait = party.wait
    else { return [] }
    let model = explainer.model
    let asker =
      model.isAskedByRun(task)
      ? namer.terms.runner
      : model.isAskedByGroup(task) ? "its group" : namer.quoted(party: asked.party)
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

  /// The call that shows that such calls come back.
  private func earlierFacts() -> [String] {
    guard let call = cause.earlier else { return [] }
    let caller = world.party(serial: call.caller).map { " of \(namer.quoted(party: $0))" } ?? ""
    let place = namer.userSite(call.stack).map { ", at \(Namer.place($0))," } ?? ""
    return [
      "an earlier call\(caller)\(place) came through \(call.function.function) at "
        + "\(Clock.instant(call.since)), and was over later; what it took there may still be taken"
    ]
  }

  private func retryFacts() -> [String] {
    guard let retries = cause.retries, let resource = retries.wait.primitive?.resource else {
      return []
    }
    return [
      "\(namer.quoted(party: retries.task)) has given up waiting for \(namer.name(resource: resource)) "
        + "\(Namer.grouped(retries.count)) times since \(Clock.instant(retries.since)), each time by its limit, and begun "
        + "again; whoever holds it has not moved meanwhile"
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

  /// At most a few names.
  func list(_ parties: [Int]) -> String {
    let others = parties.count - Self.limit
    return parties.prefix(Self.limit).map(namer.quoted(party:)).joined(separator: ", ")
      + (others > 0 ? " and \(others) more" : "")
  }

  /// How a task ended, and who asked for it if it was cancelled.
  func ended(_ task: Int, _ outcome: Outcome) -> String {
    if outcome == .error, let error = world.parties[task].error {
      let place = namer.userSite(error.site).map { ", at \(Namer.place($0))," } ?? ""
      return "ended with \(error.type)\(place)"
    }
    guard outcome == .cancelled, let asked = world.parties[task].cancelRequested else {
      return fate(task, outcome)
    }
    return "was cancelled by \(namer.quoted(party: asked.party)) (\(place(asked)))"
  }

  /// A cancelled task, with who asked for it and where.
  func cancelled(_ task: Int) -> String {
    let name = "\(namer.quoted(party: task)), which was cancelled"
    guard let asked = world.parties[task].cancelRequested else { return name }
    return name + " by \(namer.quoted(party: asked.party)) at \(place(asked))"
  }

  /// What a loop's thread leaves alone while it waits.
  private func neglectFacts() -> [String] {
    let parties = explainer.involved(cause, explainer.hops(of: cause, kind))
    return world.threadSlots.compactMap { slot in
      guard let thread = world.threads[slot], let loop = thread.loops.last,
        let block = thread.block, explainer.model.neglectsLoop(slot), parties.contains(thread.actor)
      else { return nil }
      let count = Set(
        world.descriptors.watches.filter { $0.value.loop == loop.number }.keys.map(\.descriptor)
      ).count
      let descriptors = count == 1 ? "1 descriptor" : "\(count) descriptors"
      return "\(namer.quoted(party: thread.actor)) looks after \(descriptors), and runs what is "
        + "handed to its loop; it has done neither since \(Clock.instant(block.since))"
    }
  }

  private func threadFacts(_ slot: ThreadSlot) -> [String] {
    if let keeper = explainer.keeper(of: cause) {
      return [
        "it has been at one place for \(Clock.duration(world.now.since(keeper.since)))",
        "no other thread of the interpreter has run since",
      ]
    }
    guard let thread = world.threads[slot], thread.loops.last?.isSet == false else { return [] }
    let busy = world.now.since(thread.lastEvent)
    return [
      "the loop's thread has not been back in the loop for \(Clock.duration(busy))",
      "nothing else of the loop can run meanwhile",
    ]
  }

  func place(_ what: Occurrence) -> String {
    namer.userSite(what.site).map(Namer.place) ?? "an unknown place"
  }

  /// How a party ended, in words.
  func fate(_ party: Int, _ outcome: Outcome) -> String {
    world.parties[party].isDestroyed ? "was collected while it waited" : word(outcome)
  }

  func word(_ outcome: Outcome) -> String {
    switch outcome {
    case .value: "ended"
    case .error: "ended with an error"
    case .cancelled: "was cancelled"
    }
  }
}
