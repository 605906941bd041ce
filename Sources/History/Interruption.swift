package import TraceFormat

/// A task that was asked to end while it waited: where it stood.
package struct Interruption: Sendable {
  package var task: Int
  package var asked: Occurrence
  /// The await stack that the cancellation went through.
  package var stack: StackID
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
}
