import Foundation
import Glibc
import Testing

/// A sample that was recorded by `coroner record` and analyzed by `coroner analyze`.
struct Recording {
  var report: AnalyzedReport
  /// Exit status of `coroner analyze`.
  var status: Int32
  /// What the program wrote to standard error.
  var programErrors: String

  /// How long a program rests after it said that it hangs or idles, before it is killed.
  private static let rest = Duration.milliseconds(1400)
  private static let patience = Duration.seconds(120)

  /// Records a program until it ends, or has rested after saying `hung` or `idle` and was killed with
  /// SIGKILL. Throws if neither comes.
  static func make(
    of program: URL, with python: String, launcher: [String] = [], packages: String? = nil,
    awaitingSnapshot: Bool = false
  ) async throws -> Recording {
    try await make(
      running: [python] + launcher + [program.path],
      environment: packages.map { ["PYTHONPATH": $0] } ?? [:], awaitingSnapshot: awaitingSnapshot)
  }

  /// The same for any command.
  /// - Parameter marks: what the events of a snapshot must have in them.
  static func make(
    running command: [String], environment: [String: String] = [:], awaitingSnapshot: Bool = false,
    with marks: [String] = [#""incomplete":0"#]
  ) async throws -> Recording {
    let folder = try TemporaryFolder()
    let trace = folder.path("trace.coroner")
    let process = try Command.start(
      Distribution.coroner,
      ["record", "--output", trace, "--"] + command, in: folder,
      environment: environment.merging(awaitingSnapshot ? ["CORONER_STALL": "1"] : [:]) { $1 })
    defer { kill(-process.processIdentifier, SIGKILL) }

    let clock = ContinuousClock()
    let start = clock.now
    while process.isRunning {
      let output = folder.text("output")
      if output.contains("hung") || output.contains("idle") {
        try await Task.sleep(for: rest)
        guard awaitingSnapshot, clock.now - start < patience else { break }
        let events = try await Command.run(Distribution.coroner, ["events", trace]).output
        if marks.allSatisfy({ events.range(of: $0, options: .literal) != nil }) { break }
        continue
      }
      guard clock.now - start < patience else {
        throw RecordingError(
          message: "\(command.last ?? "it") neither ended nor said that it rests")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    kill(-process.processIdentifier, SIGKILL)
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }

    let analysis = try await Command.run(
      Distribution.coroner, ["analyze", trace, "--format", "json", "--hazards"])
    guard analysis.status <= 1, let report = AnalyzedReport(json: analysis.output) else {
      throw RecordingError(
        message: """
          coroner analyze ended with status \(analysis.status) and said: \(analysis.error)
          the program said: \(folder.text("error"))
          """)
    }
    for fault in try ReportSchema().faults(in: analysis.output) {
      Issue.record("the report is not what docs/report.schema.json says: \(fault)")
    }
    return Recording(
      report: report, status: analysis.status, programErrors: folder.text("error"))
  }
}

struct RecordingError: Error, CustomStringConvertible {
  var message: String
  var description: String { message }
}

/// The installed tool that is tested.
enum Distribution {
  static let folder =
    ProcessInfo.processInfo.environment["CORONER_DIST"]
    ?? Package.root.appending(path: ".build/dist").path
  static var coroner: String { folder + "/bin/coroner" }

  static var isStaged: Bool { FileManager.default.isExecutableFile(atPath: coroner) }
  static let howToStage = "no coroner at \(coroner): run make first, or set CORONER_DIST"
}
