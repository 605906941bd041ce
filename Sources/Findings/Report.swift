package import TraceFormat

/// Everything that an analysis says about one trace, or about several of one run.
package struct Report: Sendable {
  package var traces: [TraceSummary]
  /// Errors first, then warnings and notes; within one severity by the time the wait began.
  package var findings: [Finding]
  package init(traces: [TraceSummary], findings: [Finding]) {
    self.traces = traces
    self.findings = findings
  }
}

package struct TraceSummary: Sendable {
  package var path: String
  package var program: String
  package var process: UInt32
  /// The process that started it; 0 if the trace does not say.
  package var parent: UInt32 = 0
  /// "CPython 3.12.1"; nothing if the trace does not say.
  package var runtime: String?
  package var duration: TraceInstant
  package var events: UInt64
  package var lostEvents: UInt64
  package var losses: [Loss]
  /// Whether the recorder ended the file itself.
  package var cleanEnd: Bool
  package var tasks: Int
  package var stuckTasks: Int
  /// Where it waits for a process that it has started, "'main' at app.py:12"; nothing if that is not seen.
  package var waitsForChild: String?
  /// The numbers of the processes whose end it waits for.
  package var awaitedProcesses: Set<UInt64> = []
  /// Where its main thread stands outside of any loop, "app.py:12"; nothing if that is not seen.
  package var stand: String?
  /// Where the program stands if nothing in it is found to be stuck: a sentence; nothing if it moves.
  package var whereabouts: String?
  /// What else a reader should know, and what to do about it: a sentence each.
  package var notes: [String] = []
  package init(
    path: String, program: String, process: UInt32, runtime: String?, duration: TraceInstant,
    events: UInt64, lostEvents: UInt64, losses: [Loss], cleanEnd: Bool, tasks: Int, stuckTasks: Int
  ) {
    self.path = path
    self.program = program
    self.process = process
    self.runtime = runtime
    self.duration = duration
    self.events = events
    self.lostEvents = lostEvents
    self.losses = losses
    self.cleanEnd = cleanEnd
    self.tasks = tasks
    self.stuckTasks = stuckTasks
  }
}
