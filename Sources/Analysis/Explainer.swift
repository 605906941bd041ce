import Findings
import History
import OrderedCollections
import TraceFormat

/// Turns a cause into a finding: who waits, for what, where, since when, why, and what to do.
struct Explainer {
  let model: WaitModel
  var namer: Namer
  let isLossy: Bool

  var world: World { model.world }

  func finding(for cause: Cause) -> Finding {
    let hops = hops(of: cause, kind(of: cause))
    let limit = cause.isRing(kind(of: cause)) ? Self.ringLimit : Self.crowdLimit
    let crowds = Crowds(
      parties: involved(cause, hops), resources: resources(cause), limit: limit, namer: namer)
    if crowds.isEmpty { return explain(cause, hops) }
    var explainer = self
    explainer.namer.crowds = crowds
    return explainer.explain(cause, explainer.merged(hops))
  }

  /// As many that do the same at the same place are still told apart; in a ring a few more.
  private static let crowdLimit = 4
  private static let ringLimit = 8

  private func explain(_ cause: Cause, _ hops: [Hop]) -> Finding {
    let leak = leakedSlot(cause)
    let kind = kind(of: cause)
    // Whoever might still wake the loop by chance, the wake-up was not sent.
    let isSure = cause.isStructural || kind == .wrongThreadWakeup
    let certainty: Certainty = isSure && !isLossy ? .certain : .likely
    var finding = Finding(
      kind: kind, severity: certainty == .certain ? .error : .warning, certainty: certainty,
      headline: "")
    let parties = involved(cause, hops)
    finding.parties = parties.map(namer.findingParty)
    finding.resources = resources(cause).map(namer.findingResource)
    finding.edges = hops.map(edge)
    addMarks(cause, parties, to: &finding)
    if let leak {
      addMarks(of: leak, to: &finding)
    } else {
      addMarksOfCancelledWaiters(cause, to: &finding)
    }
    finding.story = story(cause, parties)
    let own = Set(parties)
    finding.behind = (cause.behind + partyNodes(cause))
      .filter { !own.contains(namer.crowds.shown(party: $0)) }.map(behind)
    finding.repeats = cause.repeats
    finding.because = Because(explainer: self, cause: cause, kind: kind).facts()
    let wording = Wording(
      explainer: self, cause: cause, kind: kind, hops: hops, parties: parties, leak: leak)
    finding.headline = wording.headline()
    finding.help = wording.help()
    finding.notes = notes(cause)
    if isLossy {
      finding.notes.append("events were lost, so what is missing might have ended the wait")
    }
    finding.fingerprint = fingerprint(finding)
    return finding
  }

  // MARK: Who

  /// One hop of the chain: a party, what it waits for, and who would provide it.
  struct Hop: Hashable {
    var party: Int
    var resource: Int?
    var provider: Int?
    /// It could go on, but for the thread that it runs on.
    var needsThread = false
  }

  /// The waiting parties of a cause with what they wait for: in a cycle in its order.
  func hops(of cause: Cause, _ kind: FindingKind) -> [Hop] {
    if let task = cause.ignored {
      let resource = wait(of: task)?.primitive?.resource
      return cause.behind.filter { world.parties[$0].wait?.future == .party(task) }
        .map { Hop(party: $0, provider: task) } + [Hop(party: task, resource: resource)]
    }
    if let gate = cause.gate {
      let holder = world.resources[gate.resource].holds.first?.party
      return direct(cause).map { Hop(party: $0.party, resource: $0.resource, provider: gate.party) }
        + [Hop(party: gate.party, resource: gate.resource, provider: holder)]
    }
    // What others did before is no bond: the cause is then the wait itself, not the circle.
    if !cause.isClosed || cause.isStructural && cause.isCycle && !cause.isRing(kind) {
      if let knot = knot(cause) { return direct(cause) + knot.hops }
      let all = direct(cause)
      let own = all.filter { hop in
        guard let resource = hop.resource else { return false }
        return world.resources[resource].members.isEmpty
          && isAbout(kind, operation(of: hop.party))
      }
      return own.isEmpty ? all : own
    }
    guard cause.isCycle, let start = cause.nodes.first(where: isPartyNode) else {
      return direct(cause)
    }
    let path = model.cycle(from: start, within: cause)
    var hops: [Hop] = []
    for node in path {
      switch model.nodes[node] {
      case .party(let index) where world.parties[index].kind == .thread: continue
      case .party(let index):
        if !hops.isEmpty { hops[hops.count - 1].provider = index }
        hops.append(Hop(party: index))
      case .thread(let slot):
        guard let thread = world.threads[slot], hops.last?.party != thread.actor else { continue }
        if !hops.isEmpty {
          let last = hops.count - 1
          hops[last].needsThread = hops[last].resource == nil && hops[last].party != thread.actor
          if hops[last].party != thread.actor { hops[last].provider = thread.actor }
        }
        hops.append(Hop(party: thread.actor))
      case .resource(let index, _): if !hops.isEmpty { hops[hops.count - 1].resource = index }
      case .executor(let index): if !hops.isEmpty { hops[hops.count - 1].resource = index }
      case .descriptor, .outside, .anything: break
      }
    }
    guard let first = hops.first else { return direct(cause) }
    // A thread that a task runs on stands for that task.
    if hops.count > 1, hops.last!.party == first.party, hops.last!.resource == nil {
      hops.removeLast()
    }
    hops[hops.count - 1].provider = hops[0].party
    hops.removeAll { $0.resource == nil && $0.provider == $0.party }
    return hops.isEmpty ? direct(cause) : hops
  }

  /// Whether a wait for this operation is what the kind is about.
  private func isAbout(_ kind: FindingKind, _ operation: Operation?) -> Bool {
    switch kind {
    case .queueNoProducer: operation == .queueGet
    case .queueNoConsumer: operation == .queuePut
    case .unfinishedJoin: operation == .queueJoin
    case .shortBarrier: operation == .barrierWait
    case .lostWakeup: operation == .conditionWait || operation == .eventWait
    case .permitExhaustion: operation == .acquire || operation == .queueGet
    case .orphanedFuture: operation == nil || operation == .eventWait
    case .lockCycle, .awaitCycle, .selfDeadlock, .abandonedLock,
      .leakedPermit, .blockedLoop, .loopSelfWait, .poolStarvation,
      .suspendedHolder, .strandedWaiter, .ignoredCancel, .exitBlocked, .wrongThreadWakeup,
      .externalWait, .swallowedException,
      .neverAwaited,
      .slowCallback, .transientDeadlock, .destroyedPending:
      true
    }
  }

  private func partyNodes(_ cause: Cause) -> [Int] {
    cause.nodes.compactMap { node in
      if case .party(let index) = model.nodes[node], world.parties[index].kind != .thread {
        index
      } else {
        nil
      }
    }
  }

  private func isPartyNode(_ node: Int) -> Bool {
    switch model.nodes[node] {
    case .party(let index): world.parties[index].kind != .thread
    case .thread: true
    case .resource, .executor, .descriptor, .outside, .anything: false
    }
  }

  /// The parties that wait directly for the resource of a cause without a cycle.
  func direct(_ cause: Cause) -> [Hop] {
    var hops: [Hop] = []
    for node in cause.nodes {
      switch model.nodes[node] {
      case .party(let index): hops.append(Hop(party: index))
      case .thread(let slot):
        if let thread = world.threads[slot] { hops.append(Hop(party: thread.actor)) }
      case .resource(let index, let operation):
        for waiter in model.waiters[index, default: []]
        where operation == nil || self.operation(of: waiter) == operation {
          let holder = world.resources[index].holds.first?.party
          hops.append(Hop(party: waiter, resource: index, provider: holder))
        }
      case .executor, .descriptor, .outside, .anything: break
      }
    }
    return hops
  }

  private func operation(of party: Int) -> Operation? { wait(of: party)?.primitive?.operation }

  /// The wait that a party is in, asynchronous or on its thread.
  func wait(of party: Int) -> Wait? {
    if let wait = world.parties[party].wait { return wait }
    guard let thread = world.threads[world.parties[party].thread], thread.actor == party else {
      return nil
    }
    return thread.block
  }

  /// Hops that read the same are one.
  private func merged(_ hops: [Hop]) -> [Hop] {
    var seen: Set<Hop> = []
    return hops.compactMap { hop in
      var hop = hop
      hop.party = namer.crowds.shown(party: hop.party)
      hop.resource = hop.resource.map(namer.crowds.shown(resource:))
      hop.provider = hop.provider.map(namer.crowds.shown(party:))
      return seen.insert(hop).inserted ? hop : nil
    }
  }

  /// Those that a finding shows: of a crowd the first one.
  private func involved(_ cause: Cause, _ hops: [Hop]) -> [Int] {
    var result: OrderedSet<Int> = []
    for hop in hops { result.append(namer.crowds.shown(party: hop.party)) }
    if cause.isRing(kind(of: cause)) || hops.isEmpty {
      for index in partyNodes(cause) { result.append(namer.crowds.shown(party: index)) }
    }
    // Those that took it and have ended belong to the story.
    for index in resources(cause) {
      for hold in world.resources[index].holds {
        result.append(namer.crowds.shown(party: hold.party))
      }
    }
    return Array(result)
  }

  /// Those that a finding shows: of a crowd the first one.
  /// What the cause is about: in a ring all of its resources, else those whose waiters it is told of.
  func resources(_ cause: Cause) -> [Int] {
    let kind = kind(of: cause)
    guard !cause.isRing(kind) else { return allResources(cause) }
    let own = OrderedSet(
      hops(of: cause, kind).compactMap { hop in hop.resource.map(namer.crowds.shown(resource:)) })
    return own.isEmpty ? allResources(cause) : Array(own)
  }

  func allResources(_ cause: Cause) -> [Int] {
    var result: OrderedSet<Int> = []
    for node in cause.nodes {
      if case .resource(let index, _) = model.nodes[node] {
        result.append(namer.crowds.shown(resource: index))
      }
    }
    return Array(result)
  }

  /// The takes of a resource that a finding shows: of a crowd that of its first one.
  func holds(of resource: Int) -> [Occurrence] {
    world.resources[resource].holds.filter { namer.crowds.shown(party: $0.party) == $0.party }
  }

  // MARK: Edges, story

  private func edge(_ hop: Hop) -> Edge {
    let party = world.parties[hop.party]
    let wait = wait(of: hop.party)
    let resource =
      hop.needsThread
      ? "the loop's thread"
      : hop.resource.map(namer.awaited(resource:))
        ?? hop.provider.map { "the end of \(namer.quoted(party: $0))" } ?? "nothing known"
    let held = hop.needsThread || hop.resource.map { isHeld($0) } ?? false
    return Edge(
      from: namer.name(party: hop.party), resource: resource,
      to: hop.provider.map(namer.name(party:)), relation: held ? "held by" : "provided by",
      site: namer.userSite(wait?.site ?? party.created.site),
      since: wait?.since ?? party.created.time)
  }

  private func isHeld(_ resource: Int) -> Bool {
    switch world.resources[resource].kind {
    case .lock, .semaphore, .threadLock: true
    case .future, .condition, .event, .barrier, .queue, .group, .stream, .executor,
      .concurrentFuture, .thread, .process:
      false
    }
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

  private func story(_ cause: Cause, _ parties: [Int]) -> [Moment] {
    var moments: [Moment] = []
    for index in resources(cause) {
      let name = namer.name(resource: index)
      let resource = world.resources[index]
      for hold in holds(of: index).prefix(8) {
        if let giver = hold.handedBy {
          moments.append(
            Moment(
              time: hold.time, party: namer.name(party: giver),
              text: "hands \(name) to \(namer.quoted(party: hold.party))"))
        } else {
          moments.append(moment(hold, "takes \(name)"))
        }
        if case .ended(_, let at) = world.parties[hold.party].state {
          moments.append(
            Moment(
              time: at, party: namer.name(party: hold.party),
              text: world.parties[hold.party].isDestroyed
                ? "is collected, \(name) in its hands" : "ends without giving back \(name)"))
        }
      }
      if let wasted = resource.wasted {
        let name = namer.name(resource: index)
        if resource.signalled == nil, let released = resource.released,
          released.time <= wasted.woken.time
        {
          moments.append(moment(released, "gives back \(name)"))
        }
        moments.append(
          moment(wasted.woken, "wakes \(namer.quoted(party: wasted.task)) for \(name)"))
        let by = namer.userSite(wasted.asked.site).map { " at \(Namer.place($0))" } ?? ""
        moments.append(
          moment(
            wasted.asked, "cancels \(namer.quoted(party: wasted.task))\(by) before it runs"))
      }
      if let signalled = resource.signalled {
        let verb = resource.kind == .condition ? "notifies" : "sets"
        let nobody = resource.kind == .condition && resource.signalledWaiters == 0
        moments.append(moment(signalled, "\(verb) \(name)" + (nobody ? ", nobody waits yet" : "")))
      }
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

  private func moment(_ what: Occurrence, _ text: String) -> Moment {
    Moment(time: what.time, party: namer.name(party: what.party), text: text)
  }

  private func isQueued(_ party: Int) -> Bool {
    guard case .ready = world.parties[party].state else { return false }
    return world.parties[party].kind == .job
  }

  private func behind(_ party: Int) -> BehindParty {
    let wait = wait(of: party)
    return BehindParty(
      name: namer.name(party: party),
      what: wait.map { "waits for \(awaited($0))" }
        ?? (isQueued(party) ? "waits for a worker" : "waits for its thread"),
      site: namer.userSite(wait?.site))
  }

  private func notes(_ cause: Cause) -> [String] {
    var notes: [String] = []
    if cause.repeats > 1 {
      let others = cause.repeats - 1
      notes.append(
        "\(Namer.grouped(others)) more \(others == 1 ? "cycle" : "cycles") like this one, of other "
          + "tasks at the same lines, \(others == 1 ? "is" : "are") not shown")
    }
    let read = resources(cause).filter { isHeld($0) && namer.isNameRead(resource: $0) }
    notes += limitNotes(cause)
    guard !read.isEmpty else { return notes }
    let places = OrderedSet(
      read.compactMap { namer.userSite(world.resources[$0].created?.site) }.map(Namer.place))
    return notes + [
      "locks have no names; \(read.count == 1 ? "this one is" : "these are") read from "
        + places.joined(separator: " and ")
    ]
  }

  /// Waits of threads that would end some day.
  private func limitNotes(_ cause: Cause) -> [String] {
    let parties = involved(cause, hops(of: cause, model.kind(of: cause)))
    guard let wait = parties.lazy.compactMap(wait).first(where: { $0.deadline != nil }),
      let deadline = wait.deadline
    else { return [] }
    return ["a limit would have ended the wait for \(awaited(wait)) at \(Clock.instant(deadline))"]
  }

  /// Of kind and sites only.
  private func fingerprint(_ finding: Finding) -> String {
    var parts = finding.marks.map { "\(Namer.place($0.site)):\($0.site.function):\($0.role)" }
    parts = Array(Set(parts)).sorted()
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in ([finding.kind.rawValue] + parts).joined(separator: "|").utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
