import History
import TraceFormat

/// Executors: pools of threads, and those that run one thing at a time.
extension WaitModel {
  /// A thread that is free takes up what is queued well within this time.
  private static let delay: UInt64 = 100_000_000

  /// What runs a task: the thread of its loop, or the one that it has its turn on. What executors run needs
  /// a turn only when it could go on.
  func hosts(ofTask index: Int) -> [Node] {
    let party = world.parties[index]
    guard party.isScheduled, !isRunning(index) else { return [.thread(party.thread)] }
    guard let (executor, since) = turn(of: index), world.now.since(since) >= Self.delay else {
      return []
    }
    return [.executor(executor)]
  }

  /// The executor whose turn a task, or a job of an actor, waits for, and since when.
  func turn(of index: Int) -> (executor: Int, since: TraceInstant)? {
    let party = world.parties[index]
    if party.kind == .job, case .ready = party.state, let queue = party.executor,
      world.resources[queue].kind == .actor
    {
      return (queue, party.created.time)
    }
    guard let turn = world.parties[index].turn, let executor = turn.primitive?.resource else {
      return nil
    }
    return (executor, turn.since)
  }

  /// Tasks and jobs that have their turn of an executor, and parties that keep it occupied from elsewhere.
  func occupants(of index: Int) -> [Int] {
    var parties = Set(world.jobs.values.filter { world.parties[$0].executor == index })
    for thread in world.threads.values {
      parties.formUnion(thread.running.filter { isRun($0, by: index) })
    }
    if world.resources[index].kind == .actor {
      parties.formUnion(world.resources[index].holds.map(\.party))
    }
    return parties.filter { isRunning($0) || world.parties[$0].kind == .thread }.sorted()
  }

  /// Whether a task takes a place of the executor: what an actor runs takes one of the pool, as far as
  /// there is only one.
  private func isRun(_ party: Int, by executor: Int) -> Bool {
    guard let own = world.parties[party].executor else { return false }
    return own == executor || isOnPool(own) && pools == [executor]
  }

  /// Whether it is an actor without a thread of its own.
  private func isOnPool(_ executor: Int) -> Bool {
    world.resources[executor].kind == .actor && thread(of: executor) == nil
  }

  /// The thread that an executor is bound to.
  func thread(of executor: Int) -> ThreadSlot? {
    guard let slot = world.resources[executor].thread, world.threads[slot]?.hasEnded == false
    else { return nil }
    return slot
  }

  /// Pools of which the trace says how many threads they have, and that run tasks.
  private var pools: [Int] {
    Set(world.parties.lazy.filter(\.isScheduled).compactMap(\.executor))
      .filter { world.resources[$0].kind == .executor && world.resources[$0].capacity > 0 }.sorted()
  }

  /// An actor goes on when the one that has its turn there does, or all where several may have theirs: whoever waits
  /// there is to be alone, or behind one that is. When nobody has, it goes on with its thread, or with any of the pools.
  mutating func connectActor(_ node: Int, _ index: Int) {
    let occupants = occupants(of: index)
    if !occupants.isEmpty {
      let mode: LivenessGraph.Mode = world.resources[index].isShared ? .all : .any
      return need(node, mode, occupants.map { .party($0) })
    }
    if let slot = thread(of: index) { return need(node, .all, [.thread(slot)]) }
    let pools = pools
    need(node, pools.isEmpty ? .all : .any, pools.map { .executor($0) })
  }

  /// Threads that block for long in a turn of the main actor, or of another executor with a thread of its own,
  /// while tasks wait for one there: what they wait for may come, but nothing else of the program can go on.
  func blockedMainActors() -> Set<ThreadSlot> {
    var slots: Set<ThreadSlot> = []
    let awaited = Set(
      world.parties.indices.compactMap { index -> Int? in
        guard let (executor, since) = turn(of: index),
          world.now.since(since) >= Self.blockedLoopThreshold
        else { return nil }
        return executor
      })
    for executor in awaited {
      let bound = thread(of: executor)
      guard bound != nil || world.resources[executor].isMainActor else { continue }
      let occupied = occupants(of: executor).map { world.parties[$0].thread }
      for slot in occupied.isEmpty ? [bound].compactMap({ $0 }) : occupied {
        guard let block = world.threads[slot]?.block, isLive(.thread(slot)),
          world.now.since(block.since) >= Self.blockedLoopThreshold
        else { continue }
        slots.insert(slot)
      }
    }
    return slots
  }
}
