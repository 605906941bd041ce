import Foundation
import Testing

/// `samples/c/transfer.c`: a scheduler that records itself through coroner.h.
@Suite struct CProgramTests {
  private func record(events: Int, limit: String?) async throws -> (
    trace: Command.Result, size: Int
  ) {
    try await record("samples/c/transfer.c", "\(events)", limit: limit, seconds: 0)
  }

  private func record(
    _ source: String, _ argument: String, limit: String?, seconds: Int
  ) async throws -> (trace: Command.Result, size: Int) {
    try #require(Distribution.isStaged, "\(Distribution.howToStage)")
    let folder = try TemporaryFolder()
    let library = Distribution.folder + "/lib/coroner"
    let compiled = try await Command.run(
      "/usr/bin/env",
      [
        "cc", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", folder.path("program"),
        Package.root.appending(path: source).path,
        "-I", Package.root.appending(path: "Sources/TraceABI/include").path, "-L", library,
        "-lcoroner",
        "-Wl,-rpath,\(library)",
      ])
    try #require(compiled.status == 0, "\(compiled.error)")
    var environment = ["CORONER_TRACE": folder.path("trace")]
    environment["CORONER_LIMIT"] = limit
    let process = try Command.start(
      folder.path("program"), [argument], in: folder, environment: environment)
    let end = Date.now + 120
    while folder.text("output") != "recorded\n", process.isRunning, .now < end {
      try await Task.sleep(for: .milliseconds(20))
    }
    try await Task.sleep(for: .seconds(seconds))
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let size = try FileManager.default.attributesOfItem(atPath: folder.path("trace"))[.size] as? Int
    return (
      try await Command.run(Distribution.coroner, ["analyze", folder.path("trace")]),
      try #require(size)
    )
  }

  @Test func aSchedulerOfItsOwnIsExplained() async throws {
    let (analysis, _) = try await record(events: 0, limit: nil)
    #expect(analysis.output.hasPrefix("error[lock-cycle]: 'alice' and 'bob' each wait"))
    #expect(analysis.status == 1)
  }

  /// Six million events later, in a file that has room for two thirds of them.
  @Test func whoTookALockBeforeTheRingsOldestEventIsKnown() async throws {
    let (analysis, size) = try await record(events: 6_000_000, limit: "4M")
    #expect(size <= 4 << 20)
    // A busy machine may lose events, which makes it a warning.
    #expect(analysis.output.contains("[lock-cycle]: 'alice' and 'bob' each wait"))
    #expect(analysis.output.contains("took account here"))
    #expect(analysis.output.contains("took ledger here"))
    #expect(analysis.output.contains("alice takes account"))
    #expect(analysis.status == 1)
  }

  /// More than can be written down: whose events were lost is known, so no loop of theirs counts as blocked, and
  /// what is found is not certain.
  @Test func whatIsLostMakesNoFinding() async throws {
    let limit = "4M"
    let program = "Tests/Programs/overload/overload.c"
    let (hang, _) = try await record(program, "hang", limit: limit, seconds: 3)
    #expect(hang.output.contains("events lost"), "\(hang.output)")
    #expect(hang.output.hasPrefix("warning[lock-cycle]: 'alice' and 'bob' each wait"))
    #expect(hang.output.contains("0 errors, 1 warning"), "\(hang.output)")
    let (healthy, _) = try await record(program, "healthy", limit: limit, seconds: 1)
    #expect(healthy.output.contains("events lost"), "\(healthy.output)")
    #expect(healthy.status == 0, "\(healthy.output)")
  }
}
