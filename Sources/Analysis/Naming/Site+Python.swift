import TraceFormat

/// What files and functions of Python's library stand for, where no flag of a site in the trace says so.
extension Site {
  /// Code made from a string, as decorators and dataclasses do; a program may be such a one, too.
  var isInNoFile: Bool { file.hasPrefix("<") }

  /// The code of a file itself, outside of any function.
  var isModule: Bool { function == "<module>" }

  /// Whether it is `wait_for` with a predicate, of whatever class.
  var waitsForPredicate: Bool { function.split(separator: ".").last == "wait_for" }

  /// Whether it is a method of the library's child processes, which exchange objects through queues.
  var isOfChildProcess: Bool { ownership == .runtime && function.hasPrefix("BaseProcess.") }

  /// Whether it is in the module that hands jobs to processes.
  var isOfProcessPool: Bool {
    ownership == .runtime && file.hasSuffix("/concurrent/futures/process.py")
  }

  /// Whether it is the loop of a process that does jobs for another one.
  var runsJobsOfOthers: Bool {
    isOfProcessPool && function == "_process_worker"
      || ownership == .runtime && file.hasSuffix("/multiprocessing/pool.py") && function == "worker"
  }

  /// Whether it is in a module that starts processes and waits for them.
  var startsProcesses: Bool {
    isOfProcessPool
      || ownership == .runtime
        && ["/subprocess.py", "/multiprocessing/"].contains { file.contains($0) }
  }
}
