package import TraceFormat

/// A task that was asked to end while it waited: where it stood.
package struct Interruption: Sendable {
  package var task: Int
  package var asked: Occurrence
  /// The await stack that the cancellation went through.
  package var stack: StackID
}

/// How futures and events made at one place have been resolved or set so far.
package struct FutureHabit: Sendable {
  package var count: Int
  /// The latest one that resolved such a future with a value.
  package var last: Occurrence
}

extension World {
  /// As many interruptions as are kept, the latest ones: a leak shows in the last calls before the wait.
  private static let interruptionLimit = 1024

  mutating func noteInterruption(of task: Int, _ asked: Occurrence) {
    guard let stack = parties[task].wait?.site else { return }
    if interruptions.count >= 2 * Self.interruptionLimit {
      interruptions.removeFirst(Self.interruptionLimit)
    }
    interruptions.append(Interruption(task: task, asked: asked, stack: stack))
  }

  mutating func noteHabit(of future: Int, _ outcome: Outcome, _ by: Occurrence) {
    guard outcome == .value, let made = resources[future].created?.site else { return }
    habits[made] = FutureHabit(count: (habits[made]?.count ?? 0) + 1, last: by)
  }
}
