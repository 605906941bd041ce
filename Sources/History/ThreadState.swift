package import TraceFormat

/// What happens on one thread.
package struct ThreadState: Sendable {
  /// Index of its own party.
  package var party: Int
  /// Tasks and jobs that run on it, the innermost last.
  package var running: [Int] = []
  /// Loops that run on it, the innermost last.
  package var loops: [LoopState] = []
  /// The synchronous waits that it is in, the innermost last: a signal handler may wait within a wait.
  var blocks: [Wait] = []
  package var lastEvent: TraceInstant
  package var hasEnded = false
  /// The executor that it made a task ready for last, 0 unknown.
  var readied: UInt64 = 0
  /// When events of it were lost last: nothing is known of what it did then.
  package internal(set) var lost: TraceInstant?
  /// Whether it has ever run a job or a task for an executor.
  package var isWorker = false
  /// Whether it rests until there is work for it, of a thread that says so itself and runs no loop.
  package var isResting: Bool?
  /// The recorder's own.
  package var isRecorder = false
  /// The latest stack that the watchdog saw, and for how long the thread had been busy then.
  package var sample: (time: TraceInstant, busyMilliseconds: UInt64, site: StackID?)?

  /// The task that it created last, outside of a loop: the main task of the loop to come.
  var lastTaskCreated: Int?
  /// The concurrent future that it created last, until it wakes a loop.
  var lastConcurrentFuture: Int?

  package init(party: Int, lastEvent: TraceInstant) {
    self.party = party
    self.lastEvent = lastEvent
  }

  /// The synchronous wait that it is in.
  package var block: Wait? { blocks.last }

  /// The party that acts in an event of this thread.
  package var actor: Int { running.last ?? party }

  /// There is an event of it; who acts in it.
  @inline(__always)
  mutating func note(_ time: TraceInstant) -> Int {
    lastEvent = time
    if isResting == true { isResting = false }
    return actor
  }

  /// A task has its turn.
  mutating func enter(_ task: Int) {
    // A running loop whose start was lost, or a poll that ended: the thread is not idle any more.
    let last = loops.count - 1
    if last >= 0, loops[last].idle != nil { loops[last].idle = nil }
    // A task may get to another executor without a pause.
    if running.last != task { running.append(task) }
  }

  /// A task or job does not run any more, nor what ran within it.
  mutating func leave(_ party: Int) {
    if running.last == party {
      running.removeLast()
    } else if let position = running.lastIndex(of: party) {
      running.removeSubrange(position...)
    }
    if !blocks.isEmpty { blocks = [] }
  }
}

package struct LoopState: Sendable {
  package var number: UInt64
  package var since: TraceInstant
  /// The task that the loop runs for, as of `run_until_complete`.
  package var mainTask: Int?
  /// In the selector since then, with this limit in milliseconds.
  package var idle: (since: TraceInstant, limit: UInt32?)?
  /// When it went to its selector last to sleep there.
  package var rested: TraceInstant?
  /// When its next timer is due, as far as is known; nothing if it has none.
  package var nextTimer: TraceInstant?
  /// When another thread asked it last to look at its callbacks.
  package var woken = TraceInstant.start
  /// Whether it is a set of descriptors at which a thread rests. What is its own is told with its number; its
  /// thread may also do other things.
  package var isSet: Bool { Self.isSet(number) }
  static func isSet(_ number: UInt64) -> Bool { number >> 61 == 1 }

  package init(number: UInt64, since: TraceInstant, mainTask: Int?) {
    self.number = number
    self.since = since
    self.mainTask = mainTask
  }
}

package struct TimerState: Sendable {
  package var armed: Occurrence
  package var deadline: TraceInstant
  package var thread: ThreadSlot
  /// The loop that acts when it is due, if it says so.
  package var loop: UInt64?
  package var targets: [Entity]
  package var reachesUnknown: Bool
}
