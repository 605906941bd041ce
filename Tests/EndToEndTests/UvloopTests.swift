import Findings
import Foundation
import Testing

/// Samples on uvloop's loop, where uvloop can be installed.
@Suite(
  .enabled(if: Uvloop.python != nil, "uvloop cannot be installed for any of the interpreters here"))
struct UvloopTests {
  @Test(
    arguments: ["lock_cycle.py", "orphaned_future.py", "sleep_on_loop.py", "result_on_loop.py"])
  func theHangIsNamed(_ name: String) async throws {
    try await record(name) { sample, report in
      #expect(report.claims.map(\.kind) == [sample.kind?.rawValue], "\(report)")
      for task in sample.tasks {
        #expect(report.claims.contains { $0.names(task) }, "'\(task)' is not named: \(report)")
      }
    }
  }

  @Test(
    arguments: [
      "idle_server.py", "waiting_for_client.py", "waiting_for_process.py", "stopped_by_signal.py",
      "executor_work.py", "timeouts.py",
    ])
  func aHealthyProgramGetsNoFinding(_ name: String) async throws {
    try await record(name) { _, report in #expect(report.claims.isEmpty, "\(report)") }
  }

  private func record(
    _ name: String, _ check: (Sample, AnalyzedReport) -> Void
  ) async throws {
    try #require(Distribution.isStaged, "\(Distribution.howToStage)")
    let sample = try Sample(file: Package.root.appending(path: "samples/asyncio/\(name)"))
    let python = try #require(Uvloop.python)
    try await Turnstile.shared.pass {
      let recording = try await Recording.make(
        of: sample.file, with: python, launcher: ["-c", Uvloop.launcher])
      check(sample, recording.report)
    }
  }
}

enum Uvloop {
  /// Runs the program that is its argument on uvloop.
  static let launcher = """
    import runpy, sys, uvloop, warnings
    warnings.simplefilter('ignore')
    uvloop.install()
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name='__main__')
    """

  /// An interpreter that has uvloop, in a virtual environment made for it; nothing if that fails.
  static let python: String? = {
    guard let base = Interpreter.installed.last(where: { (11...13).contains($0.version.minor) })
    else { return nil }
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "coroner-uvloop-\(base.version)").path
    let python = folder + "/bin/python"
    func works() -> Bool {
      FileManager.default.isExecutableFile(atPath: python)
        && (try? Command.runBlocking(python, ["-c", "import uvloop"]))?.status == 0
    }
    if works() { return python }
    _ = try? Command.runBlocking(base.path, ["-m", "venv", "--clear", folder])
    _ = try? Command.runBlocking(python, ["-m", "pip", "install", "--quiet", "uvloop"])
    return works() ? python : nil
  }()
}
