/// The kinds of finding. The raw values are stable: JSON, `coroner explain` and the docs use them.
package enum FindingKind: String, CaseIterable, Sendable {
  // Stuck for good.
  case lockCycle = "lock-cycle"
  case awaitCycle = "await-cycle"
  case pipeCycle = "pipe-cycle"
  case selfDeadlock = "self-deadlock"
  case permitExhaustion = "permit-exhaustion"
  case abandonedLock = "abandoned-lock"
  case leakedPermit = "leaked-permit"
  case orphanedFuture = "orphaned-future"
  case lostWakeup = "lost-wakeup"
  case queueNoConsumer = "queue-no-consumer"
  case queueNoProducer = "queue-no-producer"
  case unfinishedJoin = "unfinished-join"
  case shortBarrier = "short-barrier"
  case blockedLoop = "blocked-loop"
  case loopSelfWait = "loop-self-wait"
  case poolStarvation = "pool-starvation"
  case suspendedHolder = "suspended-holder"
  case strandedWaiter = "stranded-waiter"
  case ignoredCancel = "ignored-cancel"
  case exitBlocked = "exit-blocked"
  case wrongThreadWakeup = "wrong-thread-wakeup"
  // Not our program's fault.
  case externalWait = "external-wait"
  // Hazards: the program survived them.
  case swallowedException = "swallowed-exception"
  case neverAwaited = "never-awaited"
  case slowCallback = "slow-callback"
  case transientDeadlock = "transient-deadlock"
  case destroyedPending = "destroyed-pending"
  case lockOrderInversion = "lock-order-inversion"
  case nearExhaustion = "near-exhaustion"
  case longHold = "long-hold"

  /// Whether it may be true of a program that goes on.
  package var isHazard: Bool {
    switch self {
    case .swallowedException, .neverAwaited, .slowCallback, .transientDeadlock, .destroyedPending,
      .lockOrderInversion, .nearExhaustion, .longHold:
      true
    case .lockCycle, .awaitCycle, .pipeCycle, .selfDeadlock, .permitExhaustion, .abandonedLock,
      .leakedPermit,
      .orphanedFuture, .lostWakeup, .queueNoConsumer, .queueNoProducer, .unfinishedJoin,
      .shortBarrier, .blockedLoop, .loopSelfWait, .poolStarvation, .suspendedHolder,
      .strandedWaiter, .ignoredCancel, .exitBlocked, .wrongThreadWakeup, .externalWait:
      false
    }
  }
}
