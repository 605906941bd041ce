import Findings
import History
import TraceFormat

/// What to do about a cause.
extension Wording {
  func help() -> [String] { (speaksSwift ? swiftHelp() : nil) ?? generalHelp() }

  private func generalHelp() -> [String] {
    switch kind {
    case .lockCycle where waiting.contains(where: isImport):
      [
        "do not wait for threads or run a loop while a module is imported: do so in a function that is "
          + "called afterwards, or import what the thread needs before it starts"
      ]
    case .lockCycle: [oneOrder]
    case .awaitCycle: ["let one of them go on without the other's result"]
    case .pipeCycle where explainer.processes(cause).isEmpty: peers.help()
    case .pipeCycle: children.help()
    case .selfDeadlock where isAbout(.threadLock):
      [
        "a threading.Lock is not reentrant: call a version that expects it held, or use an RLock where "
          + "finalizers or signal handlers may take it"
      ]
    case .selfDeadlock:
      ["asyncio locks are not reentrant: call a version that expects the lock held"]
    case .permitExhaustion where cause.gate != nil:
      [
        "do not wait for a permit while holding what those with a permit need, or give it a limit of its own"
      ]
    case .permitExhaustion where !idleHolders.isEmpty:
      ["let in as many as wait for each other, or do not hold \(lent.one) while waiting for them"]
    case .permitExhaustion:
      ["let a task take all the \(lent.many) that it needs in one go, or let fewer tasks in"]
    case .abandonedLock where wasCollected:
      ["keep a reference to each task until it has ended; take locks with async with"]
    case .abandonedLock where isInherited:
      [
        "start processes before threads, or by spawn or a fork server: a forked process gets the locks as "
          + "they are, without the threads that hold them"
      ]
    case .abandonedLock, .leakedPermit:
      ["give it back on every way out: async with, or try and finally"]
    case .wrongThreadWakeup:
      ["from another thread, use loop.call_soon_threadsafe(...), which wakes the loop"]
    case .ignoredCancel:
      ["catch Exception, not BaseException or CancelledError; or raise it again after cleaning up"]
    case .exitBlocked:
      ["tell the thread to stop before the program ends, or make it a daemon, which ends with it"]
    case .lostWakeup where wasted != nil:
      ["notify again when a waiter is cancelled, or update Python: from 3.13 on wait() does so"]
    case .strandedWaiter: ["a waiter ahead was cancelled after it was woken; update the library"]
    case .orphanedFuture where makerGaveUp:
      ["resolve what others wait for on every way out, also when cancelled: try and finally"]
    case .orphanedFuture where isAbout(.event):
      ["set the event on every way out of the task that is to set it, also when it fails"]
    case .orphanedFuture where isAbout(.semaphore):
      ["watch over the task that releases it: await it, or let its failure end those that wait"]
    case .orphanedFuture:
      ["end a pending future before letting go of it, with set_exception(...) or cancel()"]
    case .lostWakeup where wasInVain:
      ["notify again at each place that can make the awaited condition true"]
    case .lostWakeup where waitsForPredicate:
      [
        "see who was to make it true, and notifies: those that could have wait themselves, or have ended"
      ]
    case .lostWakeup:
      ["wait with wait_for(predicate): a notify that comes first is then not needed"]
    case .queueNoConsumer:
      ["see what keeps its consumer: it has ended, or waits for something itself"]
    case .queueNoProducer where cause.failed != nil:
      ["watch over the task that fills it: await it, or let its failure end those that wait"]
    case .queueNoProducer: ["put an end marker when the producer ends, or cancel the consumer"]
    case .unfinishedJoin: ["call task_done() once for each get(), also when processing fails"]
    case .shortBarrier: ["make the number of parties and of tasks that arrive the same"]
    case .blockedLoop where keeper != nil:
      [
        "a thread does not help against a call that keeps the interpreter: run it in another process, "
          + "with a ProcessPoolExecutor say, or bound what it works on"
      ]
    case .blockedLoop: [terms.unblock]
    case .loopSelfWait where connections.answer != nil:
      ["use an asynchronous client, or call the blocking one with asyncio.to_thread(...)"]
    case .loopSelfWait: ["await the work instead, or wait for it from another thread"]
    case .poolStarvation: ["do not wait in a worker for work of the same pool"]
    case .suspendedHolder: ["do not hold a threading lock across an await; use asyncio.Lock"]
    case .externalWait, .swallowedException, .neverAwaited, .slowCallback, .transientDeadlock,
      .destroyedPending, .lockOrderInversion, .nearExhaustion, .longHold:
      []
    }
  }

  /// Where tasks of Swift are concerned; nothing where the advice is the same.
  private func swiftHelp() -> [String]? {
    switch kind {
    case .lockCycle where hops.contains(where: { isKind(.actor, $0.resource) }):
      return ["do not wait for an actor or a queue while holding what its work needs"]
    case .selfDeadlock:
      return ["locks are not reentrant: call a version that expects the lock held, or unlock first"]
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
    case .lostWakeup: return ["wait for the state: while !ready { condition.wait() }"]
    case .queueNoProducer:
      return ["call finish() when the producer ends: defer { continuation.finish() }"]
    case .unfinishedJoin: return ["leave once for each enter(), also when the work fails"]
    case .loopSelfWait where blocksSet, .blockedLoop where blocksSet:
      return ["do not wait on a loop's thread: map the future, or await it in a task"]
    case .loopSelfWait:
      return ["await the work instead of blocking for it"]
    case .poolStarvation:
      return ["do not block in a task: await instead, or block on a thread of its own"]
    case .suspendedHolder:
      return ["do not hold a lock across an await: unlock before it, or keep the state in an actor"]
    case .strandedWaiter: return []
    default: return nil
    }
  }

  /// Whether a party waits to import a module.
  private func isImport(_ party: Int) -> Bool {
    world.definitions.frames(explainer.wait(of: party)?.site).contains { $0.role == .importing }
  }

  private var oneOrder: String {
    guard holdsOnly else {
      return crossesConnection
        ? "do not wait for a reply while holding a lock that the one who replies needs"
        : "do not wait for the end of a task while holding a lock that the task needs"
    }
    guard hops.count == 2, let first = hops[1].resource, let second = hops[0].resource else {
      return "take the locks in one order everywhere"
    }
    let held = namer.name(resource: first)
    return
      "take the two locks in one order everywhere; \(namer.quoted(party: hops[0].party)) takes "
      + "\(held) first, so \(namer.quoted(party: hops[1].party)) could take it before "
      + namer.name(resource: second)
  }
}
