import History
import TraceFormat

/// Who would end a wait as such waits have been ended before.
///
/// Where nothing proves who else could, and something in the process still moves, habits say who has to: those
/// that did it to things made at the same place, and if they have ended, others of the same function or
/// whoever would start one anew.
extension WaitModel {
  /// Connects a resource with its heirs; false if habits do not tell them all.
  mutating func connectByHeirs(_ node: Int, _ index: Int) -> Bool {
    guard isLearned, let snapshot = world.snapshot, reach.actors(on: index) != nil,
      waiters[index, default: []].allSatisfy({
        world.parties[$0].wait.map { $0.since <= snapshot.time && !isForOutside($0) } ?? false
      }), let heirs = heirs(of: index)
    else { return false }
    learned.insert(node)
    need(node, .any, heirs)
    return true
  }

  /// What a child or a peer ends, nobody in the process has to, whoever ended others made on the same line.
  private func isForOutside(_ wait: Wait) -> Bool {
    switch wait.primitive?.operation {
    case .read, .drain, .accept, .connect, .process: true
    case .acquire, .eventWait, .conditionWait, .queueGet, .queuePut, .queueJoin, .barrierWait,
      .sleep, .group, .result, .join, .exit, nil:
      false
    }
  }

  private func heirs(of index: Int) -> [Node]? {
    guard let habit = world.habit(of: index), !habit.isCrowded else { return nil }
    var heirs = Heirs(world)
    for party in habit.providers.sorted() {
      switch world.parties[party].kind {
      case .task: guard heirs.add(party) else { return nil }
      case .job: return nil
      // The callbacks of a loop: timers may be among them, and whatever descriptors lead there.
      case .thread:
        guard habit.timerCount == 0, let actors = reach.actors(on: index), isKnown(actors) else {
          return nil
        }
        heirs.nodes.formUnion(actors)
      }
    }
    return numbered(heirs.nodes)
  }

  /// Waits of the main task that those who have to end them cannot, with a sign that this is a fault.
  /// - Parameter haveComeRound: whether tasks know what happened at an instant, and left it at that.
  func learnedCauses(
    haveComeRound: (Set<Int>, _ since: TraceInstant) throws -> Bool
  ) rethrows -> [Cause] {
    let mains = mains
    return try sinks().compactMap { cause -> Cause? in
      guard keeps(cause, mains) else { return nil }
      var cause = noting(cause)
      let indices = cause.nodes.compactMap { node -> Int? in
        if learned.contains(node), case .resource(let index, _) = nodes[node] { index } else { nil }
      }
      for index in indices where cause.failed == nil {
        cause.failed = try failure(behind: index, haveComeRound: haveComeRound)
      }
      return cause.failed != nil || indices.contains(where: isFault) ? cause : nil
    }
  }

  /// Idle workers wait for what may never come, so that nobody is left to end a wait is not a fault yet. It
  /// is one where nothing goes on any more but connections, and for a future, which is made to be resolved:
  /// if it came over a connection so far, and none leads there, or was resolved before its maker ended.
  private func isFault(_ index: Int) -> Bool {
    guard actingParties(on: index).isEmpty, let habit = world.habit(of: index) else { return false }
    if onlyConnectionsAreLeft { return true }
    guard let made = world.resources[index].created, world.resources[index].kind == .future else {
      return false
    }
    if habit.providers.allSatisfy({ world.parties[$0].kind == .thread }) { return true }
    let maker = world.parties[made.party]
    return habit.isWithinMaker && maker.kind == .task && maker.isEnded
  }

  /// The last of those that provide something by habit, if it has failed, all of them have ended, and nothing
  /// may make up for it: nothing was begun since, nobody pauses who does not know yet, or mends it now.
  private func failure(
    behind index: Int, haveComeRound: (Set<Int>, _ since: TraceInstant) throws -> Bool
  ) rethrows -> Int? {
    guard let habit = world.habit(of: index) else { return nil }
    var last: (party: Int, at: TraceInstant)?
    for party in providers(habit) {
      guard case .ended(let outcome, let at) = world.parties[party].state else { return nil }
      if outcome == .error, at > last?.at ?? .start { last = (party, at) }
    }
    guard let (party, at) = last, !isWatched(party),
      !liveTimers.contains(where: \.reachesUnknown)
    else { return nil }
    // What a thread does that runs a loop are its tasks and callbacks.
    let others = actingParties(on: index).filter { other in
      world.parties[other].kind != .thread
        || world.threads[world.parties[other].thread]?.loops.isEmpty ?? true
    }
    let pausing = movedByTime(behind: others)
    let isOpen = (others + pausing).contains {
      world.parties[$0].kind != .task || world.parties[$0].created.time >= at
    }
    return try isOpen || !haveComeRound(pausing, at) ? nil : party
  }

  /// Of those parties, and of what they wait for, what goes on by itself: it runs, or a timer ends its wait.
  private func movedByTime(behind parties: [Int]) -> Set<Int> {
    var result: Set<Int> = []
    var pending = parties.compactMap { numbers[.party($0)] }
    var seen = Set(pending)
    while let node = pending.popLast() {
      if case .party(let index) = nodes[node], world.parties[index].kind != .thread,
        isMovedByTime(index)
      {
        result.insert(index)
      }
      pending += targets(of: node).filter { live[$0] && seen.insert($0).inserted }
    }
    return result
  }

  private func isMovedByTime(_ index: Int) -> Bool {
    guard let wait = world.parties[index].wait, !world.isWoken(wait) else { return true }
    let awaited = [
      .party(index), wait.future, wait.primitive?.resource.map { Entity.resource($0) },
    ]
    return wait.primitive?.operation == .sleep
      || awaited.contains { $0.map(paused.contains) ?? false }
  }

  /// Whether somebody has waited for the end of a task, and so learned of its failure.
  private func isWatched(_ task: Int) -> Bool {
    world.parties[task].isAwaited
      || world.resources.contains { $0.isAwaited && $0.members.contains(.party(task)) }
  }

  /// Those that have provided something by habit, and all others of their functions, which were to.
  func providers(_ habit: Habit) -> [Int] {
    let functions = Set(
      habit.providers.compactMap {
        world.parties[$0].kind == .task ? world.parties[$0].function : nil
      })
    return world.parties.indices.filter { party in
      habit.providers.contains(party)
        || world.parties[party].function.map(functions.contains) ?? false
    }
  }

  /// Parties that go on and could reach a thing.
  private func actingParties(on index: Int) -> [Int] {
    let actors = reach.actors(on: index)
    return world.parties.indices.filter { party in
      guard !world.parties[party].isEnded, let node = numbers[.party(party)], live[node] else {
        return false
      }
      if world.parties[party].kind == .thread, !mayAct(world.parties[party].thread) { return false }
      return !isKnown(actors) || actors!.contains(.party(party))
    }
  }

  private var onlyConnectionsAreLeft: Bool {
    liveTimers.isEmpty && world.signalHandlers.isEmpty
      && world.unknownSignalHandlers.isEmpty
      && world.descriptors.listening.isEmpty
  }

  /// In an order that is the same in every run.
  private func numbered(_ nodes: Set<Node>) -> [Node] {
    nodes.sorted { "\($0)" < "\($1)" }
  }
}

/// Parties that stand in for others which have ended.
private struct Heirs {
  let world: World
  var nodes: Set<WaitModel.Node> = []
  private var seen: Set<Int> = []

  init(_ world: World) { self.world = world }

  /// False if nobody in particular would start another one: a callback did, a thread or a job.
  mutating func add(_ task: Int) -> Bool {
    guard seen.insert(task).inserted else { return true }
    let party = world.parties[task]
    guard party.kind == .task else { return false }
    if !party.isEnded {
      nodes.insert(.party(task))
      return true
    }
    guard let function = party.function else { return false }
    for other in world.parties.indices
    where !world.parties[other].isEnded && world.parties[other].function == function {
      nodes.insert(.party(other))
    }
    return add(party.created.party)
  }
}
