import Findings
import History
import OrderedCollections
import TraceFormat

/// How a cause came about, and what is said beside it.
extension Explainer {
  func edge(_ hop: Hop) -> Edge {
    let party = world.parties[hop.party]
    let wait = wait(of: hop.party)
    let resource =
      hop.needsThread
      ? "the loop's thread"
      : hop.resource.map(namer.awaited(resource:))
        ?? hop.provider.map { "the end of \(namer.quoted(party: $0))" }
        ?? wait.map(awaited) ?? "nothing known"
    let held = hop.needsThread || hop.resource.map { isHeld($0) } ?? false
    return Edge(
      from: namer.name(party: hop.party), resource: resource,
      to: hop.provider.map(namer.name(party:)), relation: held ? "held by" : "provided by",
      site: namer.userSite(wait?.site ?? party.created.site),
      since: wait?.since ?? party.created.time)
  }

  func isHeld(_ resource: Int) -> Bool {
    world.resources[resource].kind.terms.traits.contains(.held)
  }

  /// What a wait is for, in words.
  func awaited(_ wait: Wait) -> String {
    if let resource = wait.primitive?.resource { return namer.awaited(resource: resource) }
    if wait.primitive?.operation == .sleep { return "its timer" }
    switch wait.future {
    case .party(let task): return "the end of \(namer.quoted(party: task))"
    case .resource(let future): return namer.awaited(resource: future)
    case nil: return "something unknown"
    }
  }

  func story(_ cause: Cause, _ parties: [Int]) -> [Moment] {
    var moments = resources(cause).flatMap { index in
      takes(of: index) + wastedWakeUp(of: index) + signals(of: index)
    }
    for party in parties {
      guard let wait = wait(of: party) else { continue }
      moments.append(
        Moment(
          time: wait.since, party: namer.name(party: party), text: "waits for \(awaited(wait))"))
    }
    if let task = cause.ignored, let asked = world.parties[task].cancelRequested {
      moments.append(moment(asked, "asks \(namer.quoted(party: task)) to end"))
    }
    guard moments.count > 1 else { return [] }
    moments.sort { $0.time < $1.time }
    var told: Set<String> = []
    moments = moments.filter {
      told.insert("\($0.time.nanoseconds) \($0.party ?? "") \($0.text)").inserted
    }
    let still = parties.filter { wait(of: $0) != nil }
      .reduce(0) { $0 + (namer.crowds.crowd(party: $1)?.count ?? 1) }
    let whoWaits = still == 1 ? "it still waits" : still == 2 ? "both still wait" : "all still wait"
    return moments + [Moment(time: world.now, party: nil, text: "the trace ends; \(whoWaits)")]
  }

  private func takes(of index: Int) -> [Moment] {
    let name = namer.name(resource: index)
    return holds(of: index).prefix(8).flatMap { hold -> [Moment] in
      var moments: [Moment] = []
      if let giver = hold.handedBy {
        moments.append(
          Moment(
            time: hold.time, party: namer.name(party: giver),
            text: "hands \(name) to \(namer.quoted(party: hold.party))"))
      } else if hold.time > .start {
        moments.append(moment(hold, "takes \(name)"))
      }
      let party = world.parties[hold.party]
      if case .ended(_, let at) = party.state, !party.isLeftBehind {
        moments.append(
          Moment(
            time: at, party: namer.name(party: hold.party),
            text: party.isDestroyed
              ? "is collected, \(name) in its hands" : "ends without giving back \(name)"))
      }
      return moments
    }
  }

  private func wastedWakeUp(of index: Int) -> [Moment] {
    let resource = world.resources[index]
    guard let wasted = resource.wasted else { return [] }
    let name = namer.name(resource: index)
    var moments: [Moment] = []
    if resource.signalled == nil, let released = resource.released,
      released.time <= wasted.woken.time
    {
      moments.append(moment(released, "gives back \(name)"))
    }
    let task = namer.quoted(party: wasted.task)
    let by = namer.userSite(wasted.asked.site).map { " at \(Namer.place($0))" } ?? ""
    return moments + [
      moment(wasted.woken, "wakes \(task) for \(name)"),
      moment(wasted.asked, "cancels \(task)\(by) before it runs"),
    ]
  }

  private func signals(of index: Int) -> [Moment] {
    let resource = world.resources[index]
    let name = namer.name(resource: index)
    let verb = namer.end(index).present
    var moments: [Moment] = []
    if resource.countsSignals, let released = resource.released {
      moments.append(moment(released, "\(verb) \(name)"))
      if case .ended(let outcome, let at) = world.parties[released.party].state {
        moments.append(
          Moment(
            time: at, party: namer.name(party: released.party),
            text: outcome == .value ? "ends" : outcome == .error ? "fails" : "is cancelled"))
      }
    }
    if let signalled = resource.signalled {
      let nobody = resource.kind == .condition && resource.signalledWaiters == 0
      moments.append(moment(signalled, "\(verb) \(name)" + (nobody ? ", nobody waits yet" : "")))
      if let cleared = resource.cleared { moments.append(moment(cleared, "clears \(name)")) }
    }
    return moments
  }

  func moment(_ what: Occurrence, _ text: String) -> Moment {
    Moment(time: what.time, party: namer.name(party: what.party), text: text)
  }

  func isQueued(_ party: Int) -> Bool {
    guard case .ready = world.parties[party].state else { return false }
    return world.parties[party].kind == .job
  }

  /// What a job that is queued has to wait for.
  private func worker(of job: Int) -> String {
    guard let turn = model.turn(of: job) else { return "a worker" }
    return "a turn on \(namer.name(resource: turn.executor))"
  }

  func behind(_ party: Int) -> BehindParty {
    let wait = wait(of: party)
    return BehindParty(
      name: namer.name(party: party),
      what: wait.map { "waits for \(awaited($0))" }
        ?? (isQueued(party) ? "waits for \(worker(of: party))" : "waits for its thread"),
      site: namer.userSite(wait?.site))
  }

  func notes(_ cause: Cause) -> [String] {
    var notes: [String] = []
    if cause.repeats > 1 {
      let others = cause.repeats - 1
      notes.append(
        "\(Namer.grouped(others)) more \(others == 1 ? "cycle" : "cycles") like this one, of other "
          + "tasks at the same lines, \(others == 1 ? "is" : "are") not shown")
    }
    if kind(of: cause) == .selfDeadlock, let took = pausingGenerator(cause) {
      notes.append(
        "\(took.function) (\(Namer.place(took))) took it, and is on the stack of nobody: a generator that pauses "
          + "within its 'with'")
    }
    let read = resources(cause).filter { isHeld($0) && namer.isNameRead(resource: $0) }
    notes += limitNotes(cause)
    guard !read.isEmpty else { return notes }
    let places = OrderedSet(
      read.compactMap { namer.readingSite(resource: $0) }.map(Namer.place))
    return notes + [
      "locks have no names; \(read.count == 1 ? "this one is" : "these are") read from "
        + places.joined(separator: " and ")
    ]
  }

  /// Waits of threads that would end some day.
  func limitNotes(_ cause: Cause) -> [String] {
    let parties = involved(cause, hops(of: cause, model.kind(of: cause)))
    guard let wait = parties.lazy.compactMap(wait).first(where: { $0.deadline != nil }),
      let deadline = wait.deadline
    else { return [] }
    return ["a limit would have ended the wait for \(awaited(wait)) at \(Clock.instant(deadline))"]
  }
}
