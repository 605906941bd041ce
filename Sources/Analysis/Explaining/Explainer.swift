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
    var cause = cause
    cause.failed = cause.failed ?? failedUser(of: cause, kind)
    // Whoever might still wake the loop by chance, the wake-up was not sent.
    let isSure =
      model.isCertain(cause) && cause.retries == nil || kind == .wrongThreadWakeup
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
    if let call = cause.earlier { addMark(of: call, to: &finding) }
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
    if model.contradictsItself {
      finding.notes.append(
        "the trace does not fit together: something happened that it does not have")
    }
    finding.setFingerprint()
    return finding
  }

  // MARK: Who

  /// The last that failed of those that filled or emptied a queue, or notified a condition, if they have all ended.
  private func failedUser(of cause: Cause, _ kind: FindingKind) -> Int? {
    let used = resources(cause).map { world.resources[$0] }
    let queues = used.filter { $0.kind == .queue }
    let users: [Int]
    switch kind {
    case .queueNoProducer: users = queues.flatMap(\.providers)
    case .queueNoConsumer, .unfinishedJoin: users = queues.flatMap(\.takers)
    case .lostWakeup: users = used.filter { $0.kind == .condition }.flatMap(\.providers)
    default: return nil
    }
    var last: (party: Int, at: TraceInstant)?
    for user in users.sorted() {
      guard case .ended(let outcome, let at) = world.parties[user].state else { return nil }
      if outcome == .error, at >= last?.at ?? .start { last = (user, at) }
    }
    return last?.party
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
    let kind = kind(of: cause)
    if cause.isRing(kind) && kind != .pipeCycle || hops.isEmpty {
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

  /// What the cause is about: in a ring all of its resources, else those whose waiters it is told of.
  func resources(_ cause: Cause) -> [Int] {
    let kind = kind(of: cause)
    if kind == .pipeCycle, !processes(cause).isEmpty { return processes(cause) }
    guard !cause.isRing(kind) else { return allResources(cause) }
    let own = OrderedSet(
      hops(of: cause, kind).compactMap { hop in hop.resource.map(namer.crowds.shown(resource:)) })
    return own.isEmpty ? allResources(cause) : Array(own)
  }

  func allResources(_ cause: Cause) -> [Int] {
    var result: OrderedSet<Int> = []
    for node in cause.nodes {
      switch model.nodes[node] {
      case .resource(let index, _): result.append(namer.crowds.shown(resource: index))
      case .executor(let index) where world.resources[index].kind == .actor: result.append(index)
      case .executor, .party, .thread, .descriptor, .outside, .anything: break
      }
    }
    return Array(result)
  }

  /// The thread that keeps the loops from running, if that is what the cause is about.
  func keeper(of cause: Cause) -> Keeper? {
    guard let keeper = model.keeper, model.busyThreads.contains(keeper.slot),
      cause.nodes.contains(where: { model.nodes[$0] == .thread(keeper.slot) })
    else { return nil }
    return keeper
  }

  /// The takes of a resource that a finding shows: of a crowd that of its first one.
  func holds(of resource: Int) -> [Occurrence] {
    world.resources[resource].holds.filter { namer.crowds.shown(party: $0.party) == $0.party }
  }
}
