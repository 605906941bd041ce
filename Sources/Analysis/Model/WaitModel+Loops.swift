import History
import TraceFormat

/// Threads that rest at a set of descriptors when they have nothing to do, and wait for something else.
extension WaitModel {
  /// Whether a thread is to look at a set of descriptors, and waits elsewhere.
  func neglectsLoop(_ slot: ThreadSlot) -> Bool {
    guard let thread = world.threads[slot], let loop = thread.loops.last else { return false }
    return loop.isSet && thread.block != nil && !thread.hasEnded
  }

  /// Whether one of those that wait for a resource neglects a loop.
  func keepsLoop(waitingFor index: Int) -> Bool {
    waiters[index, default: []].contains { party in
      world.parties[party].kind == .thread && neglectsLoop(world.parties[party].thread)
    }
  }

  /// The threads that would have to look at what comes to a loop, if all of them wait for something else.
  func waitingThreads(ofLoop number: UInt64?) -> [Node]? {
    guard let number, number != 0 else { return nil }
    let slots = world.threads(ofLoop: number)
    guard !slots.isEmpty, slots.allSatisfy({ world.threads[$0]?.block != nil }) else { return nil }
    return slots.map { .thread($0) }
  }

  /// Causes in which a loop's thread waits: what comes to the loop could be what the others wait for.
  func keepingLoops(_ all: [Cause]) -> [Cause] {
    var keeping: [Cause] = []
    var kept: Set<Int> = []
    for cause in all {
      let resources = cause.nodes.compactMap { node -> Int? in
        if case .resource(let index, _) = nodes[node] { index } else { nil }
      }
      if resources.contains(where: keepsLoop) {
        keeping.append(cause)
      } else {
        kept.formUnion(cause.behind + resources.flatMap { waiters[$0, default: []] })
      }
    }
    guard !keeping.isEmpty else { return [] }
    keeping[0].behind = kept.union(keeping[0].behind).sorted()
    return keeping
  }
}
