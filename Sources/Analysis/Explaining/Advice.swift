import Findings
import History
import TraceFormat

/// What to do about a cause.
extension Wording {
  func help() -> [String] {
    causeHelp() ?? (speaksSwift ? swiftHelp() : pythonHelp()) ?? commonHelp()
  }

  /// Where the kind of a finding does not say what to do, but how it was found.
  private func causeHelp() -> [String]? {
    if cause.retries != nil {
      return [
        "do not hold a lock while waiting for those who need it; a limit after which all begins again "
          + "does not end the circle"
      ]
    }
    if cause.earlier != nil {
      return [
        "give back what the earlier call took before asking again: leave its block, read or close what it "
          + "returned; or let more be taken"
      ]
    }
    if kind == .lostWakeup, cause.failed != nil {
      return [
        "watch over the task that notifies it: await it, or let its failure end those that wait"
      ]
    }
    return nil
  }

  private func commonHelp() -> [String] {
    switch kind {
    case .lockCycle: [oneOrder]
    case .awaitCycle: ["let one of them go on without the other's result"]
    case .pipeCycle where explainer.processes(cause).isEmpty: peers.help()
    case .pipeCycle: children.help()
    case .permitExhaustion where cause.gate != nil:
      [
        "do not wait for a permit while holding what those with a permit need, or give it a limit of its own"
      ]
    case .permitExhaustion where !idleHolders.isEmpty:
      ["let in as many as wait for each other, or do not hold \(lent.one) while waiting for them"]
    case .permitExhaustion:
      ["let a task take all the \(lent.many) that it needs in one go, or let fewer tasks in"]
    case .strandedWaiter: ["a waiter ahead was cancelled after it was woken; update the library"]
    case .lostWakeup where wasInVain:
      ["notify again at each place that can make the awaited condition true"]
    case .lostWakeup where waitsForPredicate:
      [
        "see who was to make it true, and notifies: those that could have wait themselves, or have ended"
      ]
    case .queueNoConsumer:
      ["see what keeps its consumer: it has ended, or waits for something itself"]
    case .queueNoProducer where cause.failed != nil:
      ["watch over the task that fills it: await it, or let its failure end those that wait"]
    case .queueNoProducer: ["put an end marker when the producer ends, or cancel the consumer"]
    case .shortBarrier: ["make the number of parties and of tasks that arrive the same"]
    case .blockedLoop: [terms.unblock]
    case .loopSelfWait: ["await the work instead, or wait for it from another thread"]
    case .poolStarvation: ["do not wait in a worker for work of the same pool"]
    case .orphanedFuture: ["end what others wait for on every way out, also after a failure"]
    case .ignoredCancel: ["let the request to end go on to the task's own end, after cleaning up"]
    case .exitBlocked: ["tell the thread to stop before the program ends"]
    case .selfDeadlock, .abandonedLock, .leakedPermit, .wrongThreadWakeup, .lostWakeup,
      .unfinishedJoin, .suspendedHolder, .externalWait,
      .swallowedException, .neverAwaited, .slowCallback, .transientDeadlock, .destroyedPending,
      .lockOrderInversion, .nearExhaustion, .longHold:
      []
    }
  }

  private var oneOrder: String {
    guard holdsOnly else {
      if let (holder, _, _) = heldWhileAwaiting, signal(of: holder) != nil {
        return
          "do not hold a lock while waiting for what others may never do; give such a wait a limit"
      }
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
