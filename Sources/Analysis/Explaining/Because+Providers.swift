import Findings
import History
import OrderedCollections
import TraceFormat

/// What became of those that could end a wait, or used to.
extension Because {
  /// Why it is left to tasks that are queued to end a wait.
  private func starvedFact(_ name: String, _ tasks: [Int]) -> String {
    let maker = namer.quoted(party: world.parties[tasks[0]].created.party)
    return
      "\(maker) made \(list(tasks)) before it began to wait for \(name), in the same function, and nobody but "
      + "tasks has ended such a wait so far"
  }

  /// Those that have taken from a full queue so far, or had taken what join() waits for.
  func habitFacts() -> [String] {
    cause.nodes.compactMap { node in
      guard explainer.model.habitual.contains(node),
        case .resource(let index, let operation) = explainer.model.nodes[node]
      else { return nil }
      let takers = world.resources[index].takers.filter { !world.parties[$0].isEnded }.sorted()
      let name = namer.name(resource: index)
      if let tasks = explainer.model.signallers[index] { return starvedFact(name, tasks) }
      if takers.count == 1 {
        let what = operation == .queuePut ? "took from \(name) so far" : "took the items"
        return "only \(list(takers)) \(what), and it waits, too"
      }
      return operation == .queuePut
        ? "all that took from \(name) so far wait, too: \(list(takers))"
        : "all that took the items wait for more of them: \(list(takers))"
    }
  }

  /// What became of those that used to end such waits.
  func heirFacts() -> [String] {
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
        "only \(list(acted)) \(namer.end(index).past) \(namer.name(resource: index)), or others made at the same "
          + "place, so far"
      ] + explainer.model.providers(habit).suffix(Self.limit).compactMap(fateFact)
    }
  }

  private func fateFact(_ task: Int) -> String? {
    guard case .ended(let outcome, let at) = world.parties[task].state else { return nil }
    return "\(namer.quoted(party: task)) \(ended(task, outcome)) at \(Clock.instant(at))"
  }

  /// Who could act on what is waited for, by the latest snapshot.
  func reachFacts() -> [String] {
    let model = explainer.model
    let indices = explainer.resources(cause).prefix(Self.limit)
    // Things made by the same line have one name, and one fact.
    var actorsByName: OrderedDictionary<String, (index: Int, actors: OrderedSet<WaitModel.Node>)> =
      [:]
    for index in indices {
      guard let actors = model.reach.actors(on: index) else { continue }
      actorsByName[namer.name(resource: index), default: (index, [])].actors.formUnion(actors)
    }
    return actorsByName.compactMap { name, entry in
      let (index, actors) = entry
      if actors.isEmpty, namer.isClosing(resource: index) {
        return
          "nothing in the process has a connection of the server any more, or the server itself: it was never "
          + "closed, or a connection was collected before its end was told to the server"
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

  /// Tasks that failed: what they would have done is a usual reason. In a program that goes on, tasks are cancelled
  /// all the time.
  func failures() -> [String] {
    // What is said of those that took something, or for which a wake-up was wasted, is enough.
    var told: Set<Int> = []
    for index in explainer.resources(cause) {
      told.formUnion(world.resources[index].holds.map(\.party))
      if let task = world.resources[index].wastedOn { told.insert(task) }
      if let maker = world.resources[index].created?.party, world.resources[index].kind == .future {
        told.insert(maker)
      }
      if cause.isLearned {
        if let habit = world.habit(of: index) { told.formUnion(explainer.model.providers(habit)) }
      } else {
        told.formUnion(world.resources[index].takers)
        told.formUnion(world.resources[index].providers)
      }
    }
    let isGoingOn = explainer.model.isLive(.anything)
    return world.parties.indices.compactMap { index in
      guard world.parties[index].kind == .task, !told.contains(index),
        case .ended(let outcome, let at) = world.parties[index].state,
        outcome == .error || outcome == .cancelled && !isGoingOn
      else { return nil }
      return "\(namer.quoted(party: index)) \(ended(index, outcome)) at \(Clock.instant(at))"
    }.suffix(3)
  }

  /// Callbacks that failed: what they would have done is as usual a reason.
  func failedCallbacks() -> [String] {
    world.incidents.failedCallbacks.suffix(2).map { failure in
      let place = namer.userSite(failure.site).map { " at \(Namer.place($0))" } ?? ""
      return "a callback of the loop raised \(failure.type)\(place), \(Clock.instant(failure.at))"
    }
  }

  func neverAwaited() -> [String] {
    world.incidents.neverAwaited.suffix(3).map { coroutine in
      let name = coroutine.function?.function ?? "a coroutine"
      let place = namer.userSite(coroutine.site).map { " at \(Namer.place($0))" } ?? ""
      return "the coroutine '\(name)' was dropped\(place) and never awaited, so it never ran"
    }
  }
}
