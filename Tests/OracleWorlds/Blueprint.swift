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
  /// Until all others have ended, but for threads.
  case gather
  /// What a thread waits for, and with it all that runs on it: a lock, a flag, a stock, another party's end.
  case lock(Int)
  case unlock(Int)
  case awaitFlag(Int)
  case raise(Int)
  case store(Int)
  case fetch(Int)
  case result(Int)
  /// Permits of threads, and what they wait for under a lock of theirs.
  case down(Int)
  case up(Int)
  case awaitSignal(Int)
  case signal(Int)
  /// Ends by itself.
  case sleep
}

/// What runs a party: the loop, a thread of its own, or one of a pool.
package enum Host: Hashable, Sendable { case task, thread, job }

/// A small world: what its parties do, each on its own, and what they share. One more party, the main one,
/// waits for the end of the others.
package struct Blueprint: Hashable, Sendable {
  package var programs: [[Step]]
  /// What runs each of them: tasks, unless it says so.
  package var hosts: [Host] = []
  /// The threads of the pool.
  package var workers = 1
  package var lockCount = 2
  /// The permits of each semaphore.
  package var permits = [1]
  /// Semaphores that count signals: nobody gives back what it took itself. Of the others, everybody does.
  package var signals: Set<Int> = []
  package var eventCount = 1
  /// The room of each queue, 0 for no limit.
  package var rooms = [1]
  package var futureCount = 1
  package var mutexCount = 0
  package var flagCount = 0
  /// The permits of each semaphore of threads, and those of them that count signals.
  package var tokens: [Int] = []
  package var tokenSignals: Set<Int> = []
  /// The room of each stock, 0 for no limit.
  package var stocks: [Int] = []

  package init(_ programs: [[Step]]) { self.programs = programs }

  /// The programs of all parties, the main one last.
  var all: [[Step]] {
    programs + [[.gather] + programs.indices.filter { host(of: $0) == .thread }.map(Step.result)]
  }

  package func host(of party: Int) -> Host { party < hosts.count ? hosts[party] : .task }

  /// Tasks whose end somebody waits for on another thread: the loop has to tell.
  var toldOf: Set<Int> {
    programs.reduce(into: []) { told, program in
      for case .result(let other) in program where host(of: other) == .task { told.insert(other) }
    }
  }
}

extension Blueprint: CustomStringConvertible {
  package var description: String {
    let lines = programs.enumerated().map { number, steps in
      "  \(number), \(host(of: number)): " + steps.map { "\($0)" }.joined(separator: ", ")
    }
    return
      "permits \(permits), of signals \(signals.sorted()), rooms \(rooms), stocks \(stocks), tokens \(tokens),"
      + " of signals \(tokenSignals.sorted()), workers \(workers)\n"
      + lines.joined(separator: "\n")
  }
}
