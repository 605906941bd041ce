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

  /// A party is asked to end, whatever it does about that.
  mutating func askToEnd(_ event: Event, by actor: Int) {
    guard let task = party(event.subject) else { return }
    let asked = occurrence(event, by: actor)
    parties[task].request = EndRequest(asked: asked, broken: parties[task].wait)
    parties[task].runsSinceCancel = 0
    noteInterruption(of: task, asked)
    noteBrokenCycle(of: task, asked)
    noteWaste(on: task, asked)
  }

  private mutating func noteInterruption(of task: Int, _ asked: Occurrence) {
    guard let stack = parties[task].wait?.site else { return }
    if interruptions.count >= 2 * Self.interruptionLimit {
      interruptions.removeFirst(Self.interruptionLimit)
    }
    interruptions.append(Interruption(task: task, asked: asked, stack: stack))
  }
}
