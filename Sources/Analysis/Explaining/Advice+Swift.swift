import Findings
import History
import TraceFormat

/// What to do about a cause where tasks of Swift are concerned.
extension Wording {
  /// Nothing where the advice is the same for every runtime.
  func swiftHelp() -> [String]? {
    switch kind {
    case .lockCycle where hops.contains(where: { isKind(.actor, $0.resource) }):
      return ["do not wait for an actor or a queue while holding what its work needs"]
    case .selfDeadlock where hops.contains(where: { isShared($0.resource) }):
      return [
        "do not call sync on a queue from its own blocks: a barrier waits for the block that runs, and what comes "
          + "after a barrier waits for it"
      ]
    case .selfDeadlock:
      return ["locks are not reentrant: call a version that expects the lock held, or unlock first"]
    case .abandonedLock where isInherited: return nil
    case .abandonedLock:
      return ["unlock on every way out: withLock { ... }, or defer { lock.unlock() }"]
    case .leakedPermit:
      return ["signal on every way out: defer { semaphore.signal() }"]
    case .orphanedFuture where isAbout(.semaphore):
      return ["signal on every way out of the work that is to signal, also when it fails"]
    case .orphanedFuture where isAbout(.future):
      return [
        "resume a continuation on every way out, with an error when its answer will not come"
      ]
    case .orphanedFuture where isAbout(.concurrentFuture):
      return ["add an operation that others wait for to a queue; one is run only there"]
    case .lostWakeup: return ["wait for the state: while !ready { condition.wait() }"]
    case .queueNoProducer:
      return ["call finish() when the producer ends: defer { continuation.finish() }"]
    case .unfinishedJoin: return ["leave once for each enter(), also when the work fails"]
    case .loopSelfWait where blocksSet, .blockedLoop where blocksSet:
      return ["do not wait on a loop's thread: map the future, or await it in a task"]
    case .loopSelfWait:
      return ["await the work instead of blocking for it"]
    case .poolStarvation where hops.allSatisfy({ world.parties[$0.party].kind == .job }):
      return ["do not wait in an operation for others of its queue: let one depend on the other"]
    case .poolStarvation:
      return ["do not block in a task: await instead, or block on a thread of its own"]
    case .suspendedHolder:
      return ["do not hold a lock across an await: unlock before it, or keep the state in an actor"]
    case .strandedWaiter: return []
    default: return nil
    }
  }
}
