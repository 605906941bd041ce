import Findings
import History
import TraceFormat

/// Replays a trace once more and writes down what the chosen parties did.
struct TimelineBuilder {
  let model: WaitModel
  let namer: Namer
  let causes: [Cause]

  /// Entries that a timeline holds at most: the latest ones, for those explain the end.
  static let entryLimit = 2_000

  private var world: World { model.world }

  /// - Parameter around: only those of this finding, and only while it came about.
  func timeline(
    of trace: any EventSource, until: TraceInstant?, all: Bool, around finding: Finding? = nil
  ) throws -> Timeline {
    let chosen = finding.map(lanes(of:)) ?? lanes(all: all)
    let (lanes, similar) = coalesced(chosen, all: all || finding != nil)
    let span = finding.flatMap(span(of:))
    var timeline = Timeline(end: world.now)
    var laneOf: [Int: Int] = [:]
    let causal = Set(causes.flatMap(\.nodes).map { model.nodes[$0] })
    for party in lanes {
      laneOf[party] = timeline.lanes.count
      let isCause = causal.contains(.party(party))
      let isStuck = !world.parties[party].isEnded && !model.isLive(.party(party))
      timeline.lanes.append(
        Timeline.Lane(
          name: namer.name(party: party) + (similar[party].map { ", like \($0) others" } ?? ""),
          kind: namer.findingParty(party).kind,
          isStuck: isStuck, isCause: isCause))
    }
    var replay = World(definitions: trace.definitions)
    var laneOfSerial: [UInt64: Int] = [:]
    for (party, lane) in laneOf { laneOfSerial[world.parties[party].serial] = lane }
    _ = try trace.forEachEvent { event in
      if let until, event.time > until { return }
      if let span, !span.contains(event.time) { return replay.apply(event) }
      if let (party, role) = does(event, before: replay),
        let lane = laneOfSerial[replay.parties[party].serial]
      {
        add(
          Timeline.Entry(
            time: event.time, lane: lane, text: describe(event, before: replay),
            site: namer.userSite(event.site), role: role), to: &timeline)
      }
      replay.apply(event)
      if event.kind == .taskCreate, let task = replay.livingParty(event.subject),
        let lane = laneOfSerial[replay.parties[task].serial]
      {
        add(
          Timeline.Entry(
            time: event.time, lane: lane, text: "is created", site: namer.userSite(event.site),
            role: .spawn), to: &timeline)
      }
    }
    if timeline.entries.count > Self.entryLimit {
      timeline.entries.removeFirst(timeline.entries.count - Self.entryLimit)
    }
    if span.map({ $0.contains(world.now) }) ?? true { addStuck(laneOf, to: &timeline) }
    addLinks(laneOf, to: &timeline)
    return timeline
  }

  private func lanes(of finding: Finding) -> [Int] {
    var lanes = finding.parties.compactMap { world.party(serial: UInt64($0.id.index)) }
    // Who woke or made them belongs to the story.
    let told = Set(finding.story.compactMap(\.party))
    lanes += world.parties.indices.filter {
      !told.isEmpty && !world.parties[$0].isEnded && !lanes.contains($0)
        && told.contains(namer.name(party: $0))
    }
    return Array(Set(lanes)).sorted()
  }

  /// From the first thing that its report tells to the last, and a little around it.
  private func span(of finding: Finding) -> ClosedRange<TraceInstant>? {
    var times = finding.story.map(\.time) + finding.parties.compactMap(\.since)
    // The trace's end is no part of how it came about.
    times.removeAll { $0 == world.now }
    guard let first = times.min(), let last = times.max() else { return nil }
    let margin = max(Self.leastMargin, last.since(first) / 10)
    return TraceInstant(
      nanoseconds: first.nanoseconds - min(margin, first.nanoseconds))...TraceInstant(
        nanoseconds: last.nanoseconds + margin)
  }

  /// Nanoseconds that are shown before and after a finding, at least.
  private static let leastMargin: UInt64 = 10_000_000

  /// As many lanes of one shape are still shown.
  private static let crowdLimit = 4

  /// Of many that did the same at the same place the first, with how many more there are.
  private func coalesced(_ parties: [Int], all: Bool) -> ([Int], similar: [Int: String]) {
    if all { return (parties, [:]) }
    let crowds = Crowds(parties: parties, resources: [], limit: Self.crowdLimit, namer: namer)
    var similar: [Int: String] = [:]
    let lanes = parties.filter { party in
      guard let crowd = crowds.crowd(party: party) else { return true }
      similar[crowd.first] = Namer.grouped(crowd.count - 1)
      return crowd.first == party
    }
    return (lanes, similar)
  }

  private func lanes(all: Bool) -> [Int] {
    if all {
      return world.parties.indices.filter { world.parties[$0].kind != .thread }
    }
    var result: Set<Int> = Set(causes.flatMap(\.behind).prefix(4))
    for cause in causes {
      for node in cause.nodes {
        switch model.nodes[node] {
        case .party(let index): result.insert(index)
        case .resource(let index, _):
          result.formUnion(model.waiters[index, default: []])
          result.formUnion(world.resources[index].holds.map(\.party))
        case .thread(let slot): if let thread = world.threads[slot] { result.insert(thread.actor) }
        case .executor, .descriptor, .outside, .anything: break
        }
      }
    }
    return result.sorted()
  }

  /// Adds an entry; every now and then lets go of those that are too old.
  private func add(_ entry: Timeline.Entry, to timeline: inout Timeline) {
    timeline.entries.append(entry)
    if timeline.entries.count > 2 * Self.entryLimit {
      timeline.entries.removeFirst(Self.entryLimit)
    }
  }

  /// Who does something that a timeline shows.
  private func does(
    _ event: Event, before world: World
  ) -> (party: Int, role: Timeline.Entry.Role)? {
    let actor = world.threads[event.thread]?.actor
    switch event.kind {
    case .waitBegin: return world.livingParty(event.subject).map { ($0, .waits) }
    case .taskWait, .taskWaitOwn, .blockBegin: return actor.map { ($0, .waits) }
    case .taskSuspend:
      guard let task = world.livingParty(event.subject), event.object != 0,
        !world.hasAnnounced(task)
      else { return nil }
      return (task, .waits)
    case .taskEnd: return world.livingParty(event.subject).map { ($0, .ends) }
    case .taskCancel: return world.livingParty(event.subject).map { ($0, .wakes) }
    case .acquired: return actor.map { ($0, handsOver(event, world) == nil ? .takes : .wakes) }
    case .released, .queueTaskDone: return actor.map { ($0, .releases) }
    case .eventSet, .notified, .queuePut: return actor.map { ($0, .wakes) }
    case .queueGot: return actor.map { ($0, .takes) }
    case .held:
      guard let slot = world.thread(tid: event.object), let thread = world.threads[slot] else {
        return nil
      }
      return (thread.actor, .takes)
    case .jobStart: return world.jobs[event.subject].map { ($0, .runs) }
    case .jobEnd: return world.jobs[event.subject].map { ($0, .ends) }
    case .gap, .threadStart, .threadEnd, .loopStart, .loopStop, .loopIdle, .loopWake, .loopWakeup,
      .stackSample, .taskCreate, .taskResume, .taskReady, .taskSpawn, .resourceCreate, .depends,
      .name,
      .futureDone, .futureLost, .exceptionUnretrieved, .neverAwaited, .callbackFailed,
      .taskDestroyed, .eventCleared,
      .barrierPassed, .past, .habit, .blockEnd, .jobQueue, .timerArm, .timerCancel, .ioRegister,
      .ioUnregister,
      .signalHandler, .threadBind, .snapshotBegin, .snapshotEnd, .threadWait, .taskStack, .referrer,
      .referrers, .ioPeer, .processWait:
      return nil
    }
  }

  /// The other party to which something is handed over.
  private func handsOver(_ event: Event, _ world: World) -> Int? {
    guard event.object != 0, let taker = world.livingParty(event.object),
      taker != world.threads[event.thread]?.actor
    else { return nil }
    return taker
  }

  /// What is done in an event, of those that `does` knows.
  private func describe(_ event: Event, before world: World) -> String {
    // Names are those of the end. What is gone by then has none.
    func named(_ resource: Int, _ name: (Int) -> String) -> String {
      let record = world.resources[resource]
      return self.world.resource(serial: record.serial).map(name)
        ?? "a \(namer.word(record.kind))"
    }
    func quoted(_ party: Int) -> String {
      self.world.party(serial: world.parties[party].serial).map(namer.quoted(party:))
        ?? "another task"
    }
    func name() -> String {
      world.livingResource(event.subject).map { named($0, namer.name(resource:)) } ?? "something"
    }
    func waited(for number: UInt64) -> String {
      world.livingResource(number).map { named($0, namer.name(resource:)) } ?? "a timer"
    }
    let items = event.count == 1 ? "" : "\(event.count) items "
    switch event.kind {
    case .waitBegin: return "waits for \(waited(for: event.object))"
    case .taskWait, .taskWaitOwn: return "waits for \(waited(for: event.subject))"
    case .taskSuspend:
      let what =
        world.livingParty(event.object).map { "the end of \(quoted($0))" }
        ?? world.livingResource(event.object).map { named($0, namer.awaited(resource:)) }
        ?? "something"
      return "waits for \(what)"
    case .taskEnd, .jobEnd: return "ends"
    case .taskCancel: return "is asked to end"
    case .acquired:
      return handsOver(event, world).map { "hands \(name()) to \(quoted($0))" }
        ?? "takes \(name())"
    case .released: return "gives back \(name())"
    case .eventSet: return "sets \(name())"
    case .notified: return "notifies \(name())"
    case .queuePut: return "puts \(items)into \(name())"
    case .queueGot: return "takes \(items)from \(name())"
    case .queueTaskDone:
      return "task_done() of \(name())" + (event.count == 1 ? "" : ", \(event.count) times")
    case .held: return "holds \(name())"
    case .blockBegin: return "blocks its thread on \(name())"
    case .jobStart: return "starts"
    default: return ""
    }
  }

  private func addStuck(_ laneOf: [Int: Int], to timeline: inout Timeline) {
    for (party, lane) in laneOf.sorted(by: { $0.value < $1.value }) {
      guard timeline.lanes[lane].isStuck else { continue }
      timeline.entries.append(
        Timeline.Entry(time: world.now, lane: lane, text: "is stuck", site: nil, role: .stuck))
      _ = party
    }
  }

  /// Who keeps whom: from the wait of one to the take that it waits to be given back.
  private func addLinks(_ laneOf: [Int: Int], to timeline: inout Timeline) {
    for cause in causes {
      for node in cause.nodes {
        guard case .resource(let index, _) = model.nodes[node] else { continue }
        for waiter in model.waiters[index, default: []] {
          guard let wait = world.parties[waiter].wait, let lane = laneOf[waiter],
            let from = timeline.entries.lastIndex(where: {
              $0.lane == lane && $0.time <= wait.since && $0.role == .waits
            })
          else { continue }
          for hold in world.resources[index].holds {
            guard let holder = laneOf[hold.party],
              let to = timeline.entries.firstIndex(where: {
                $0.lane == holder && $0.time == hold.time && $0.role == .takes
              })
            else { continue }
            timeline.links.append(Timeline.Link(from: from, to: to, isCycle: cause.isCycle))
          }
        }
      }
    }
  }
}
