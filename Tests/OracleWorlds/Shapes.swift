package import Findings
package import TraceFormat

/// Ways to hang that studies of real programs name, as small worlds: with what a report has to call each, and
/// safe ones that look like them.
package struct Shape: Sendable, CustomStringConvertible {
  package var name: String
  package var world: Blueprint
  package var description: String { name }
  /// What any of its hangs may be called; empty for one that cannot hang.
  package var kinds: Set<FindingKind>

  init(
    _ name: String, _ kinds: Set<FindingKind>, permits: [Int] = [1], rooms: [Int] = [1, 1],
    on hosts: [Host] = [], _ programs: [Step]...
  ) {
    self.name = name
    self.kinds = kinds
    world = Blueprint(programs)
    world.lockCount = 3
    world.permits = permits
    world.rooms = rooms
    world.eventCount = 2
    world.futureCount = 3
    guard !hosts.isEmpty else { return }
    world.hosts = hosts
    world.mutexCount = 2
    world.flagCount = 1
    world.stocks = [1]
  }

  package static let hanging: [Shape] = [
    Shape("a lock taken twice", [.selfDeadlock], [.acquire(0), .acquire(0), .release(0)]),
    Shape(
      "two locks in two orders", [.lockCycle],
      [.acquire(0), .acquire(1), .release(1), .release(0)],
      [.acquire(1), .acquire(0), .release(0), .release(1)]),
    Shape(
      "three locks in a ring", [.lockCycle],
      [.acquire(0), .acquire(1), .release(1), .release(0)],
      [.acquire(1), .acquire(2), .release(2), .release(1)],
      [.acquire(2), .acquire(0), .release(0), .release(2)]),
    Shape(
      "an early return keeps the lock", [.abandonedLock], [.acquire(0)], [.acquire(0), .release(0)]),
    Shape(
      "the one awaited needs the lock of who awaits it", [.lockCycle, .awaitCycle],
      [.acquire(0), .awaitTask(1), .release(0)], [.acquire(0), .release(0)]),
    Shape("two await each other", [.awaitCycle], [.awaitTask(1)], [.awaitTask(0)]),
    Shape(
      "three await each other", [.awaitCycle], [.awaitTask(1)], [.awaitTask(2)], [.awaitTask(0)]),
    Shape(
      "the taker of items needs the lock under which they are put",
      [.queueNoConsumer, .queueNoProducer], [.acquire(0), .put(0), .put(0), .release(0)],
      [.acquire(0), .get(0), .get(0), .release(0)]),
    Shape(
      "who puts needs the lock of who gets", [.queueNoProducer, .lockCycle],
      [.acquire(0), .get(0), .release(0)], [.acquire(0), .put(0), .release(0)]),
    Shape(
      "two wait for the other's item first", [.queueNoProducer], [.get(0), .put(1)],
      [.get(1), .put(0)]),
    Shape("nobody takes the second item", [.queueNoConsumer], [.put(0), .put(0)]),
    Shape(
      "the receiver has left", [.queueNoConsumer], [.put(0), .put(0), .put(0)], [.get(0)]),
    Shape("the sender has left", [.queueNoProducer], [.get(0), .get(0)], [.put(0)]),
    Shape(
      "one of the counted does not say that it is done", [.unfinishedJoin], [.put(0), .join(0)],
      [.get(0)]),
    Shape(
      "a latch that is counted down too seldom", [.queueNoProducer], rooms: [0],
      [.get(0), .get(0), .get(0)], [.put(0)], [.put(0)]),
    Shape(
      "a signal before the wait", [.lostWakeup], [.acquire(0), .awaitCondition(0), .release(0)],
      [.acquire(0), .notify(0), .release(0)]),
    Shape(
      "one signal for two", [.lostWakeup], [.acquire(0), .awaitCondition(0), .release(0)],
      [.acquire(0), .awaitCondition(0), .release(0)], [.acquire(0), .notify(0), .release(0)]),
    Shape("an event of nobody", [.orphanedFuture], [.awaitEvent(0)]),
    Shape(
      "an event set and cleared too early", [.lostWakeup], [.awaitEvent(0)], [.set(0), .clear(0)]),
    Shape(
      "the setter of the event needs the lock of who waits for it",
      [.orphanedFuture, .lockCycle, .lostWakeup], [.acquire(0), .awaitEvent(0), .release(0)],
      [.acquire(0), .set(0), .release(0)]),
    Shape(
      "futures in a circle", [.orphanedFuture, .awaitCycle], [.awaitFuture(0), .resolve(1)],
      [.awaitFuture(1), .resolve(0)]),
    Shape(
      "futures in a circle of three", [.orphanedFuture, .awaitCycle],
      [.awaitFuture(0), .resolve(1)], [.awaitFuture(1), .resolve(2)],
      [.awaitFuture(2), .resolve(0)]),
    Shape(
      "all permits held by those who need one more", [.permitExhaustion], permits: [2],
      [.take(0), .take(0), .give(0), .give(0)], [.take(0), .take(0), .give(0), .give(0)]),
    Shape(
      "two readers of a lock want to write", [.permitExhaustion], permits: [3],
      [.take(0), .take(0), .take(0), .give(0), .give(0), .give(0)],
      [.take(0), .take(0), .take(0), .give(0), .give(0), .give(0)]),
    Shape(
      "an error keeps the permits", [.leakedPermit, .orphanedFuture], permits: [2],
      [.take(0)], [.take(0)], [.take(0), .give(0)]),
    Shape(
      "a pool waits for its own work", [.permitExhaustion, .lockCycle, .poolStarvation],
      [.take(0), .awaitTask(1), .give(0)], [.take(0), .give(0)]),
    Shape(
      "semaphores in two orders", [.lockCycle, .permitExhaustion], permits: [1, 1],
      [.take(0), .take(1), .give(1), .give(0)], [.take(1), .take(0), .give(0), .give(1)]),
    Shape(
      "a lock and a permit in two orders", [.lockCycle, .permitExhaustion],
      [.acquire(0), .take(0), .give(0), .release(0)],
      [.take(0), .acquire(0), .release(0), .give(0)]),
    Shape(
      "two locks of threads in two orders", [.lockCycle], on: [.thread, .thread],
      [.lock(0), .lock(1), .unlock(1), .unlock(0)], [.lock(1), .lock(0), .unlock(0), .unlock(1)]),
    Shape(
      "a thread's lock taken twice", [.selfDeadlock], on: [.thread], [.lock(0), .lock(0)]),
    Shape(
      "a thread ends with its lock", [.abandonedLock, .exitBlocked], on: [.thread, .thread],
      [.lock(0)], [.lock(0), .unlock(0)]),
    Shape(
      "threads join each other", [.awaitCycle], on: [.thread, .thread], [.result(1)], [.result(0)]),
    Shape(
      "who joins a thread has the lock that it needs", [.lockCycle], on: [.thread, .thread],
      [.lock(0), .result(1), .unlock(0)], [.lock(0), .unlock(0)]),
    Shape(
      "a job of a pool waits for another job of it", [.poolStarvation], on: [.job, .job],
      [.result(1)], []),
    Shape(
      "the loop waits for a thread that waits for the loop", [.loopSelfWait, .suspendedHolder],
      on: [.task, .thread, .task], [.result(1)], [.result(2)], [.sleep]),
    Shape(
      "a thread's lock across an await", [.suspendedHolder, .lockCycle, .selfDeadlock],
      on: [.task, .task], [.lock(0), .sleep, .unlock(0)], [.lock(0), .unlock(0)]),
    Shape(
      "a flag that only the loop's tasks would raise, waited for on the loop",
      [.blockedLoop, .loopSelfWait, .orphanedFuture, .lostWakeup], on: [.task, .task],
      [.awaitFlag(0)], [.sleep, .raise(0)]),
    Shape(
      "a thread waits for an item of nobody", [.queueNoProducer, .loopSelfWait], on: [.thread],
      [.fetch(0)]),
  ]

  package static let safe: [Shape] = [
    Shape(
      "two locks in one order", [], [.acquire(0), .acquire(1), .release(1), .release(0)],
      [.acquire(0), .acquire(1), .release(1), .release(0)]),
    Shape(
      "two orders below a third lock", [],
      [.acquire(2), .acquire(0), .acquire(1), .release(1), .release(0), .release(2)],
      [.acquire(2), .acquire(1), .acquire(0), .release(0), .release(1), .release(2)]),
    Shape(
      "two orders, one after the other", [],
      [.acquire(0), .acquire(1), .release(1), .release(0)],
      [.awaitTask(0), .acquire(1), .acquire(0), .release(0), .release(1)]),
    Shape(
      "awaits what needs the lock after giving it back", [],
      [.acquire(0), .release(0), .awaitTask(1)], [.acquire(0), .release(0)]),
    Shape(
      "items are put outside of the lock", [], [.acquire(0), .release(0), .put(0), .put(0)],
      [.acquire(0), .release(0), .get(0), .get(0)]),
    Shape("one sends first", [], [.put(1), .get(0)], [.get(1), .put(0)]),
    Shape("a queue with room", [], rooms: [0], [.put(0), .put(0), .put(0)], [.get(0)]),
    Shape(
      "every item is done", [], [.put(0), .put(0), .join(0)],
      [.get(0), .taskDone(0), .get(0), .taskDone(0)]),
    Shape("a latch", [], rooms: [0], [.get(0), .get(0)], [.put(0)], [.put(0)]),
    Shape("an event that stays set", [], [.awaitEvent(0)], [.awaitEvent(0)], [.sleep, .set(0)]),
    Shape(
      "futures in a chain", [], [.awaitFuture(0)], [.awaitFuture(1), .resolve(0)],
      [.sleep, .resolve(1)]),
    Shape(
      "permits for all", [], permits: [3], [.take(0), .take(0), .give(0), .give(0)],
      [.take(0), .take(0), .give(0), .give(0)]),
    Shape(
      "permits taken one by one", [], [.take(0), .give(0), .take(0), .give(0)],
      [.take(0), .sleep, .give(0)]),
    Shape(
      "two locks of threads in one order", [], on: [.thread, .job],
      [.lock(0), .lock(1), .unlock(1), .unlock(0)], [.lock(0), .lock(1), .unlock(1), .unlock(0)]),
    Shape(
      "a job awaited by the loop has the lock that a thread needs", [], on: [.task, .job, .thread],
      [.awaitTask(1)], [.lock(0), .sleep, .unlock(0)], [.lock(0), .unlock(0)]),
    Shape(
      "a job waits for a task, which goes on", [], on: [.job, .task], [.result(1)],
      [.sleep, .sleep]),
    Shape(
      "the loop waits for a thread that needs nothing of it", [], on: [.task, .thread, .task],
      [.result(1)], [.sleep], [.sleep]),
    Shape(
      "a thread resolves a future of the loop", [], on: [.thread, .task], [.sleep, .resolve(0)],
      [.awaitFuture(0)]),
  ]
}

extension Shape {
  /// What all situations of the shape are called by the analysis.
  package struct Outcome: Sendable {
    package var hangs = 0
    /// Hangs that got one of the expected names, and others.
    package var named = 0
    package var others: Set<FindingKind> = []
    /// Findings where everybody could go on.
    package var alarms: Set<FindingKind> = []
  }

  /// The recording of each way in which it ends.
  package func ends() -> [MemoryTrace] {
    var trial = Trial(world)
    _ = trial.run()
    return trial.ends
  }

  package func outcome() -> Outcome {
    var trial = Trial(world)
    _ = trial.run()
    var outcome = Outcome()
    outcome.alarms = trial.alarms
    for kinds in trial.verdicts {
      outcome.hangs += 1
      if kinds.contains(where: self.kinds.contains) { outcome.named += 1 }
      outcome.others.formUnion(kinds.subtracting(self.kinds))
    }
    return outcome
  }
}
