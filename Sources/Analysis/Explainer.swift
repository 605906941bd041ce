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
  static let crowdLimit = 4
  static let ringLimit = 8

  func explain(_ cause: Cause, _ hops: [Hop]) -> Finding {
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
  func isAbout(_ kind: FindingKind, _ operation: Operation?) -> Bool {
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

  func partyNodes(_ cause: Cause) -> [Int] {
    cause.nodes.compactMap { node in
      if case .party(let index) = model.nodes[node], world.parties[index].kind != .thread {
        index
      } else {
        nil
      }
    }
  }

  func isPartyNode(_ node: Int) -> Bool {
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

  func operation(of party: Int) -> Operation? { wait(of: party)?.primitive?.operation }

  /// The wait that a party is in, asynchronous or on its thread.
  func wait(of party: Int) -> Wait? {
    if let wait = world.parties[party].wait { return wait }
    guard let thread = world.threads[world.parties[party].thread], thread.actor == party else {
      return nil
    }
    return thread.block
  }

  /// Hops that read the same are one.
  func merged(_ hops: [Hop]) -> [Hop] {
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
  func involved(_ cause: Cause, _ hops: [Hop]) -> [Int] {
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
}
