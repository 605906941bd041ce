import Findings

extension Explanation {
  /// What differs in Swift: how it comes about there, a few lines, and how to mend it.
  struct Variation: Sendable {
    var comesAbout: String
    var example: String
    var mending: String
  }

  /// Nothing where the page says it for Swift as well.
  var inSwift: Variation? {
    switch kind {
    case .lockCycle:
      Variation(
        comesAbout: """
          NSLocks or serial queues taken in different orders; or a lock held while waiting for an actor \
          whose method takes that lock. Whose turn an actor has is held like a lock.
          """,
        example: """
          ledger.lock()
          await bank.total()       // bank.transfer() has the actor, and waits for ledger
          """,
        mending: "unlock before an await; take locks and queues in one order everywhere.")
    case .selfDeadlock:
      Variation(
        comesAbout: """
          cancel(), finish() and resume() run handlers of others at once, on the caller's thread; a \
          handler that takes the lock which the caller holds waits for it. So does taking an NSLock twice.
          """,
        example: """
          lock.withLock { task.cancel() }      // onCancel: { lock.withLock { ... } }
          """,
        mending: "copy what is to be cancelled or resumed, unlock, and only then call it.")
    case .orphanedFuture:
      Variation(
        comesAbout: """
          a continuation is dropped or kept without being resumed, on an early return or after an error; \
          a semaphore is never signalled.
          """,
        example: """
          await withCheckedContinuation { continuation in
            guard let handler else { return }        // never resumed
            handler { continuation.resume(returning: $0) }
          }
          """,
        mending: """
          resume each continuation exactly once on every way, with an error if need be. Empty a table \
          of continuations by resuming them.
          """)
    case .queueNoProducer:
      Variation(
        comesAbout: "an AsyncStream whose producer ends without finish() while somebody keeps it.",
        example: """
          for event in events { continuation.yield(event) }
          // continuation.finish() is missing
          """,
        mending: "defer { continuation.finish() } in the producer.")
    case .unfinishedJoin:
      Variation(
        comesAbout: "a DispatchGroup is entered once more than it is left.",
        example: """
          group.enter()
          load { error in
            guard error == nil else { return }       // no leave()
            group.leave()
          }
          group.wait()
          """,
        mending:
          "defer { group.leave() } in the completion; or a task group, which counts by itself.")
    case .blockedLoop:
      Variation(
        comesAbout: """
          a call that blocks its thread in a method of the main actor, or in a handler on an event loop: \
          nothing else gets its turn there.
          """,
        example: """
          @MainActor func show() {
            text = try? String(contentsOf: slowPipe)
          }
          """,
        mending: "use an async form of the call, or make it from a thread or queue of its own.")
    case .loopSelfWait:
      Variation(
        comesAbout: """
          a semaphore or group is waited for in a turn of an actor, the main actor or a serial queue, and \
          the one that should signal needs a turn of the same. Or on the thread of an event loop, as those \
          of SwiftNIO, for a future of that loop.
          """,
        example: """
          @MainActor func page() {
            Task { render(); done.signal() }         // runs on the main actor, later
            done.wait()
          }
          """,
        mending: """
          make the function async and await the work; on an event loop, map the future or use its \
          whenComplete.
          """)
    case .poolStarvation:
      Variation(
        comesAbout: """
          as many tasks as the pool has threads (one a core) block in semaphores, locks or synchronous \
          calls that need another task to run.
          """,
        example: """
          func querySynchronously() -> Row {
            Task.detached { row = await query(); done.signal() }
            done.wait()                              // called from tasks
            return row
          }
          """,
        mending: "await in tasks; block only on threads of your own.")
    case .suspendedHolder:
      Variation(
        comesAbout: """
          a lock is held across an await of an actor's method, and the next task of the actor blocks the \
          actor on it.
          """,
        example: """
          lock.lock()
          await save()             // meanwhile another method of this actor calls lock.lock()
          lock.unlock()
          """,
        mending: "keep what the lock guards in the actor, or unlock before the await.")
    case .externalWait:
      Variation(
        comesAbout: """
          a request waits for a continuation that is kept for somebody who never comes, or for a \
          connection of a client all of whose connections are in use. That is told after five seconds; \
          whether it is meant so, a report cannot know.
          """,
        example: """
          let answer = try await client.execute(request, timeout: .hours(1))
          return answer.status     // without reading the body, which keeps the connection
          """,
        mending: "resume what is kept when its owner goes; read or drop each body; set limits.")
    case .lostWakeup, .abandonedLock, .leakedPermit, .awaitCycle, .permitExhaustion,
      .queueNoConsumer,
      .shortBarrier, .strandedWaiter, .ignoredCancel, .exitBlocked, .wrongThreadWakeup, .pipeCycle,
      .swallowedException, .neverAwaited, .slowCallback, .transientDeadlock,
      .destroyedPending, .lockOrderInversion, .nearExhaustion, .longHold:
      nil
    }
  }
}
