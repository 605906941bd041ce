/// What a party of a small world does next. Numbers are places in the world's lists.
package enum Step: Hashable, Sendable {
  case acquire(Int)
  case release(Int)
  case take(Int)
  case give(Int)
  case awaitEvent(Int)
  case set(Int)
  case clear(Int)
  case put(Int)
  case get(Int)
  case taskDone(Int)
  case join(Int)
  case awaitCondition(Int)
  case notify(Int)
  case awaitFuture(Int)
  case resolve(Int)
  case awaitTask(Int)
  /// Asks another one to end, unless it has ended, or is in a wait that passes such a request on.
  case cancel(Int)
  /// Until all others have ended.
  case gather
  /// Ends by itself.
  case sleep
}

/// A small world: what its parties do, each on its own, and what they share. One more party, the main one,
/// waits for the end of the others.
package struct Blueprint: Hashable, Sendable {
  package var programs: [[Step]]
  package var lockCount = 2
  /// The permits of each semaphore.
  package var permits = [1]
  /// Semaphores that count signals: nobody gives back what it took itself. Of the others, everybody does.
  package var signals: Set<Int> = []
  package var eventCount = 1
  /// The room of each queue, 0 for no limit.
  package var rooms = [1]
  package var futureCount = 1

  package init(_ programs: [[Step]]) { self.programs = programs }

  /// The programs of all parties, the main one last.
  var all: [[Step]] { programs + [[.gather]] }
}

extension Blueprint: CustomStringConvertible {
  package var description: String {
    let lines = programs.enumerated().map { number, steps in
      "  \(number): " + steps.map { "\($0)" }.joined(separator: ", ")
    }
    return "permits \(permits), of signals \(signals.sorted()), rooms \(rooms)\n"
      + lines.joined(separator: "\n")
  }
}
