import Findings
import History
import TraceFormat

/// A set of stuck nodes that waits for no other stuck one: a cycle, a knot, or something that nobody
/// provides.
struct Cause {
  /// Numbers of its nodes in the model, ascending.
  var nodes: [Int]
  /// Stuck tasks and threads outside of it that reach it.
  var behind: [Int]
  /// Whether it rests on what the trace binds to parties alone. Otherwise something that the trace does
  /// not show could still act, were there anything left that moves.
  var isStructural: Bool
  /// Whether every wait in it needs certain parties: bound by the trace, or those that did it before.
  var isClosed: Bool
  var isCycle: Bool
  /// Whether it rests on what a snapshot found able to act.
  var isProved = false
  /// Whether it rests on who ended such waits before.
  var isLearned = false
  /// How many cycles of the same form there are, this one included.
  var repeats = 1
  /// What keeps the one from going on that those in it seem to wait for.
  var gate: Gate?
  /// The task that was asked to end and went on, if that is what it is about.
  var ignored: Int?
  /// The task that failed, of those that used to end such waits.
  var failed: Int?
  /// A call of a function in which somebody waits that came back, if that makes it a fault.
  var earlier: EarlierCall?
  /// The wait of it that is given up and begun again, if there is one.
  var retries: Retries?

  /// Whether it is told as a circle: each waits for the next. Where a snapshot found who could have given
  /// a signal, or a lock back that another left, the one who waits for it is the matter, and the others merely could have.
  func isRing(_ kind: FindingKind) -> Bool {
    isCycle && isStructural && !(isProved && (kind.isLackOfSignal || kind == .abandonedLock))
  }
}

extension FindingKind {
  var isLackOfSignal: Bool {
    switch self {
    case .queueNoProducer, .queueNoConsumer, .unfinishedJoin, .shortBarrier, .lostWakeup,
      .orphanedFuture, .leakedPermit:
      true
    default: false
    }
  }
}

extension WaitModel {
  /// The causes worth a finding.
  ///
  /// A wait that is not bound to a party by the trace may be a consequence of a bound one that is stuck,
  /// so it is reported only if there is none. Idle workers are told from what matters by what the main
  /// task waits for, among those that a snapshot proved as among those that are merely likely.
  func causes() -> [Cause] {
    let all = sinks().filter(concernsWork).map(noting).map(pastIdleWorker)
    let mains = mains
    let bound = all.filter { $0.isStructural && !$0.isProved }
    let leading = all.filter { keeps($0, mains) }
    let proved = leading.filter(\.isProved)
    let shown = proved.filter { sign(of: $0, mains) == .habit }
    let sure =
      bound + proved.filter { sign(of: $0, mains) == .kind }
      + (HeldUp(by: shown, in: self).contains(anyOf: mains) ? shown : [])
    if !sure.isEmpty { return sure }
    let keeping = keepingTurns(all)
    if !keeping.isEmpty { return keeping }
    let loops = keepingLoops(all)
    if !loops.isEmpty { return loops }
    return (leading.isEmpty ? all : leading.filter { !$0.isProved }).filter {
      sign(of: $0, mains) != nil
    }
  }

  /// What a program is there for: the main tasks of its loops, and the main thread.
  var mains: Set<Int> {
    var mains = Set(world.threads.values.flatMap { $0.loops.compactMap(\.mainTask) })
    if let thread = waitingMainThread { mains.insert(thread) }
    if let task = world.mainTask { mains.insert(task) }
    return mains
  }

  /// A worker that waits for its next job does so by design: what somebody waits for behind it is the cause.
  private func pastIdleWorker(_ cause: Cause) -> Cause {
    guard !cause.isClosed, cause.ignored == nil else { return cause }
    var idle: [Int] = []
    for node in cause.nodes {
      guard case .resource(let index, let operation) = nodes[node] else { continue }
      guard operation == .queueGet else { return cause }
      idle += waiters[index, default: []]
    }
    guard !idle.isEmpty, idle.allSatisfy({ world.parties[$0].kind == .thread }) else {
      return cause
    }
    for party in cause.behind {
      guard case .resource(let future)? = world.parties[party].wait?.future,
        world.resources[future].members.isEmpty, world.resources[future].done == nil,
        let node = numbers[.resource(future, nil)], !live[node]
      else { continue }
      var other = cause
      other.nodes = [node]
      return other
    }
    return cause
  }

  /// What makes a fault of a wait that nobody can end.
  private enum Sign { case kind, habit }

  /// In a program that goes on, a wait that nobody can end is not yet a fault: a server's main task may
  /// wait for a future that nobody has, for ever and on purpose, and a worker may merely have been left
  /// behind. It is one if a place in line was lost or if it is of a kind that nobody enters for ever. That the same
  /// kind of wait has been ended before, or that several wait for each other, makes it one where it holds up the
  /// main task.
  private func sign(of cause: Cause, _ mains: Set<Int>) -> Sign? {
    guard cause.isProved, isLive(.anything) else { return .kind }
    var parties = 0
    var isHabit = false
    for node in cause.nodes {
      switch nodes[node] {
      case .party: parties += 1
      case .resource(let index, .acquire) where isQueueOfPeers(index, in: cause): break
      case .resource(_, .acquire), .resource(_, .queuePut), .resource(_, .queueJoin),
        .resource(_, .barrierWait), .resource(_, .result), .resource(_, .join),
        .resource(_, .exit):
        return .kind
      case .resource(let index, .process):
        if isStuckChild(index) || keeps(cause, mains) { return .kind }
      case .resource(let index, _):
        if keeps(cause, mains) || !cause.behind.isEmpty, hasEndedBefore(index) { isHabit = true }
      case .thread(let slot) where world.threads[slot]?.loops.isEmpty == false: return .kind
      case .thread, .executor, .descriptor, .outside, .anything: break
      }
    }
    return isHabit || parties > 1 ? .habit : nil
  }

  /// Whether all that wait for a lock want to do what its holder does, which waits for what has never come: so the one
  /// that leads keeps it for as long as it serves.
  private func isQueueOfPeers(_ lock: Int, in cause: Cause) -> Bool {
    let places = Set(
      (world.resources[lock].holds.map(\.site)
        + waiters[lock, default: []].map { world.parties[$0].wait?.site }).map { stack in
          world.definitions.frames(stack).first { $0.ownership != .runtime }
        })
    guard places.count == 1, places.first != .some(nil) else { return false }
    return cause.nodes.contains { node in
      switch nodes[node] {
      case .resource(let index, .eventWait), .resource(let index, nil):
        world.resources[index].members.isEmpty && !hasEndedBefore(index)
      default: false
      }
    }
  }

  /// Whether waits for this, or for what was made at the same place, have been ended, or should have been.
  func hasEndedBefore(_ index: Int) -> Bool {
    let resource = world.resources[index]
    if resource.kind == .future || resource.kind == .event, world.habit(of: index) != nil {
      return true
    }
    if resource.kind != .queue, resource.signalled != nil { return true }
    return waiters[index, default: []].contains { party in
      guard let wait = world.parties[party].wait else { return false }
      return LeakedSlot(behind: wait, in: world) != nil
    }
  }

  /// Whether more waits than threads that idle: a task, a job, the main thread for the end of others, or
  /// threads for each other.
  func concernsWork(_ cause: Cause) -> Bool {
    if cause.isStructural, !cause.isProved { return true }
    let main = waitingMainThread
    let inside = cause.nodes.flatMap { node -> [Int] in
      switch nodes[node] {
      case .party(let index): [index]
      case .resource(let index, _): waiters[index, default: []]
      case .thread(let slot): world.threads[slot].map { [$0.actor] } ?? []
      case .executor, .descriptor, .outside, .anything: []
      }
    }
    return (cause.behind + inside).contains { party in
      party == main || world.parties[party].kind != .thread
        || neglectsLoop(world.parties[party].thread)
    }
  }

  /// Causes in which one who waits has its turn of an executor meanwhile, for which others wait behind it:
  /// whatever it waits for, these cannot bring it. Those that keep the same executor occupied are one.
  private func keepingTurns(_ all: [Cause]) -> [Cause] {
    var result: [Cause] = []
    var places: [Int: Int] = [:]
    for cause in all {
      guard let executor = keptExecutor(cause) else { continue }
      if let place = places[executor] {
        result[place].nodes += cause.nodes
        result[place].behind = Array(Set(result[place].behind + cause.behind)).sorted()
      } else {
        places[executor] = result.count
        result.append(cause)
      }
    }
    return result
  }

  private func keptExecutor(_ cause: Cause) -> Int? {
    let executors = Set(cause.behind.compactMap { turn(of: $0)?.executor })
    guard !executors.isEmpty else { return nil }
    let waiting = cause.nodes.flatMap { node -> [Int] in
      if case .resource(let index, _) = nodes[node] { waiters[index, default: []] } else { [] }
    }
    return executors.sorted().first { !Set(occupants(of: $0)).isDisjoint(with: waiting) }
  }

  func keeps(_ cause: Cause, _ mains: Set<Int>) -> Bool {
    cause.behind.contains { mains.contains($0) } || involves(cause, anyOf: mains)
  }

  private func involves(_ cause: Cause, anyOf mains: Set<Int>) -> Bool {
    cause.nodes.contains { node in
      switch nodes[node] {
      case .party(let index): mains.contains(index)
      case .resource(let index, let operation):
        waiters[index, default: []].contains { party in
          mains.contains(party)
            && (operation == nil || world.parties[party].wait?.primitive?.operation == operation)
        }
      case .thread, .executor, .descriptor, .outside, .anything: false
      }
    }
  }

  func sinks() -> [Cause] {
    var members: [Int: [Int]] = [:]
    for (node, component) in components.enumerated() {
      if let component { members[component, default: []].append(node) }
    }
    let reached = reachers(members)
    return members.keys.sorted().compactMap { component in
      let nodes = members[component]!
      let leaves = nodes.contains { node in
        targets(of: node).contains { components[$0] != nil && components[$0] != component }
      }
      guard !leaves else { return nil }
      let behind = reached[component, default: []]
      let isCycle = nodes.count > 1 || targets(of: nodes[0]).contains(nodes[0])
      // Habits leave room for others.
      let isClosed = !nodes.contains { node in
        learned.contains(node) || targets(of: node).contains { self.nodes[$0] == .anything }
      }
      let isStructural = isClosed && !nodes.contains { habitual.contains($0) }
      guard !waitedFor(nodes, behind).isEmpty else { return nil }
      return Cause(
        nodes: nodes, behind: behind, isStructural: isStructural, isClosed: isClosed,
        isCycle: isCycle,
        isProved: nodes.contains { proved.contains($0) },
        isLearned: nodes.contains { learned.contains($0) })
    }
  }

  /// Parties that the cause keeps from going on; a cause that stops nobody is none.
  private func waitedFor(_ nodes: [Int], _ behind: [Int]) -> [Int] {
    behind + nodes.filter { if case .party = self.nodes[$0] { true } else { false } }
      + nodes.filter { if case .thread = self.nodes[$0] { true } else { false } }
  }

  /// For each component, the parties outside of it that reach it.
  private func reachers(_ members: [Int: [Int]]) -> [Int: [Int]] {
    // Components are numbered so that targets come first.
    var roots: [Int: Set<Int>] = [:]
    for component in members.keys.sorted() {
      var reached: Set<Int> = []
      for node in members[component]! {
        for target in targets(of: node) {
          guard let other = components[target], other != component else { continue }
          reached.formUnion(roots[other]!)
        }
      }
      roots[component] = reached.isEmpty ? [component] : reached
    }
    var result: [Int: [Int]] = [:]
    for (component, nodes) in members {
      for root in roots[component]! where root != component {
        for node in nodes {
          if case .party(let index) = self.nodes[node],
            world.parties[index].kind != .thread || blocksItself(index)
          {
            result[root, default: []].append(index)
          }
        }
      }
    }
    return result.mapValues { $0.sorted() }
  }

  /// Whether a thread waits on its own account, and not as an idle worker or for a task that it runs.
  private func blocksItself(_ party: Int) -> Bool {
    guard let thread = world.threads[world.parties[party].thread] else { return false }
    return thread.block != nil && thread.actor == party && !thread.isWorker
  }

  /// The shortest way from a node back to itself within a cause; empty if there is none. What a loop does
  /// with a descriptor goes from one end of a connection to the other only if no party is on the way.
  func cycle(from start: Int, within cause: Cause) -> [Int] {
    let way = cycle(from: start, within: Set(cause.nodes), throughDescriptors: false)
    return way.isEmpty
      ? cycle(from: start, within: Set(cause.nodes), throughDescriptors: true) : way
  }

  private func cycle(
    from start: Int, within inside: Set<Int>, throughDescriptors: Bool
  ) -> [Int] {
    var before: [Int: Int] = [:]
    var queue = [start]
    var head = 0
    while head < queue.count {
      let node = queue[head]
      head += 1
      for target in targets(of: node) where inside.contains(target) {
        if !throughDescriptors, case .descriptor = nodes[node], case .descriptor = nodes[target] {
          continue
        }
        if target == start {
          var path = [node]
          while path.last! != start { path.append(before[path.last!]!) }
          return path.reversed()
        }
        if before[target] == nil {
          before[target] = node
          queue.append(target)
        }
      }
    }
    return []
  }
}
