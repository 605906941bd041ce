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

  func timeline(of trace: any EventSource, until: TraceInstant?, all: Bool) throws -> Timeline {
    let (lanes, similar) = coalesced(lanes(all: all), all: all)
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
    _ = try trace.forEachEvent { event in
      if let until, event.time > until { return }
      let entry = describe(event, before: replay)
      replay.apply(event)
      guard let (party, text, role) = entry ?? created(event, replay), let lane = laneOf[party]
      else { return }
      timeline.entries.append(
        Timeline.Entry(
          time: event.time, lane: lane, text: text, site: namer.userSite(event.site), role: role))
    }
    if timeline.entries.count > Self.entryLimit {
      timeline.entries.removeFirst(timeline.entries.count - Self.entryLimit)
    }
    addStuck(laneOf, to: &timeline)
    addLinks(laneOf, to: &timeline)
    return timeline
  }

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

  private typealias Described = (party: Int, text: String, role: Timeline.Entry.Role)

  private func created(_ event: Event, _ world: World) -> Described? {
    guard event.kind == .taskCreate, let task = world.livingParty(event.subject) else { return nil }
    return (task, "is created", .spawn)
  }

  private func describe(_ event: Event, before world: World) -> Described? {
    let actor = world.threads[event.thread]?.actor
    func name() -> String {
      world.livingResource(event.subject).map(namer.name(resource:)) ?? "something"
    }
    func waited(for number: UInt64) -> String {
      world.livingResource(number).map(namer.name(resource:)) ?? "a timer"
    }
    switch event.kind {
    case .waitBegin:
      guard let task = world.livingParty(event.subject) else { return nil }
      return (task, "waits for \(waited(for: event.object))", .waits)
    case .taskWait, .taskWaitOwn:
      return actor.map { ($0, "waits for \(waited(for: event.subject))", .waits) }
    case .taskSuspend:
      guard let task = world.livingParty(event.subject), event.object != 0,
        !world.hasAnnounced(task)
      else { return nil }
      let what =
        world.livingParty(event.object).map { "the end of \(namer.quoted(party: $0))" }
        ?? world.livingResource(event.object).map(namer.awaited(resource:)) ?? "something"
      return (task, "waits for \(what)", .waits)
    case .taskEnd: return world.livingParty(event.subject).map { ($0, "ends", .ends) }
    case .taskCancel:
      return world.livingParty(event.subject).map { ($0, "is asked to end", .wakes) }
    case .acquired:
      guard event.object != 0, let taker = world.livingParty(event.object), taker != actor else {
        return actor.map { ($0, "takes \(name())", .takes) }
      }
      return actor.map { ($0, "hands \(name()) to \(namer.quoted(party: taker))", .wakes) }
    case .released: return actor.map { ($0, "gives back \(name())", .releases) }
    case .eventSet: return actor.map { ($0, "sets \(name())", .wakes) }
    case .notified: return actor.map { ($0, "notifies \(name())", .wakes) }
    case .queuePut: return actor.map { ($0, "puts into \(name())", .wakes) }
    case .queueGot: return actor.map { ($0, "takes from \(name())", .takes) }
    case .queueTaskDone: return actor.map { ($0, "task_done() of \(name())", .releases) }
    case .held:
      guard let slot = world.thread(tid: event.object), let thread = world.threads[slot] else {
        return nil
      }
      return (thread.actor, "holds \(name())", .takes)
    case .blockBegin: return actor.map { ($0, "blocks its thread on \(name())", .waits) }
    case .jobStart: return world.jobs[event.subject].map { ($0, "starts", .runs) }
    case .jobEnd: return world.jobs[event.subject].map { ($0, "ends", .ends) }
    case .gap, .threadStart, .threadEnd, .loopStart, .loopStop, .loopIdle, .loopWake, .loopWakeup,
      .stackSample, .taskCreate, .taskResume, .taskReady, .resourceCreate, .depends, .name,
      .futureDone, .exceptionUnretrieved, .neverAwaited, .taskDestroyed, .eventCleared,
      .barrierPassed, .blockEnd, .jobQueue, .timerArm, .timerCancel, .ioRegister, .ioUnregister,
      .signalHandler, .threadBind, .snapshotBegin, .snapshotEnd, .threadWait, .taskStack, .referrer,
      .referrers, .ioPeer, .processWait:
      return nil
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
