import Foundation
import Testing

/// Samples whose trace has a limit, in which another thread records so much that what led to the hang has been
/// given up.
@Suite struct BoundedTraceTests {
  @Test(arguments: ["reader_failed", "paused_connection", "lock_cycle"])
  func aHangIsNamedByWhatIsLeftOfThePast(name: String) async throws {
    let recording = try await record(name)
    let sample = try #require(
      try Sample.all().first { $0.file.path.hasSuffix("asyncio/\(name).py") })
    try sample.expectToBeNamed(in: recording)
  }

  @Test(arguments: ["idle_server", "late_batch", "reader_restarted", "supervised_readers"])
  func aHealthyProgramGetsNoFinding(name: String) async throws {
    let recording = try await record(name)
    #expect(recording.report.claims.isEmpty, "\(recording.report)")
  }

  private func record(_ name: String) async throws -> Recording {
    try #require(Distribution.isStaged, "\(Distribution.howToStage)")
    let python = try #require(Interpreter.installed.first)
    let sample = try #require(
      try Sample.all().first { $0.file.path.hasSuffix("asyncio/\(name).py") })
    let folder = try TemporaryFolder()
    let compiled = try await Command.run(
      "/usr/bin/env",
      [
        "cc", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-pthread", "-o",
        folder.path("noise.so"),
        Package.root.appending(path: "Tests/Programs/noise/noise.c").path,
        "-I", Package.root.appending(path: "Sources/TraceABI/include").path, "-ldl",
      ])
    try #require(compiled.status == 0, "\(compiled.error)")
    defer { withExtendedLifetime(folder) {} }
    return try await Turnstile.shared.pass {
      try await Recording.make(
        running: [python.path, sample.file.path],
        environment: [
          "LD_PRELOAD": folder.path("noise.so"), "CORONER_LIMIT": "4M",
          "NOISE_LIBRARY": Distribution.folder + "/lib/coroner/libcoroner.so",
        ],
        awaitingSnapshot: true, with: [#""incomplete":0"#, #""event":"habit""#, #""tid":424242}"#])
    }
  }
}
