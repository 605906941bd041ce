import Foundation
import Testing

/// Tests of a Swift package that hang: which one, and why.
@Suite(
  .enabled(if: SwiftSamples.isPossible, "no swift was found to build the package with"),
  .enabled(if: Distribution.isStaged, "\(Distribution.howToStage)"), .serialized)
struct HangingTestTests {
  private static let package = "Tests/Programs/hanging-tests"

  private func build() async throws -> String {
    try await SwiftSamples.build(Self.package, .debug, options: ["--build-tests"])
  }

  @Test func aTestOfSwiftTestingIsNamedAndEnded() async throws {
    let folder = try TemporaryFolder()
    let scratch = URL(filePath: try await build()).deletingLastPathComponent().path
    let result = try await Command.run(
      Distribution.coroner,
      [
        "record", "--on-stall", "kill", "--stall", "2", "--output", folder.path("t.%p.coroner"),
        "--",
        SwiftSamples.toolchain!, "test", "--skip-build", "--disable-xctest", "--package-path",
        Package.root.appending(path: Self.package).path, "--scratch-path", scratch,
      ])
    #expect(result.status == 124, "\(result)")
    #expect(result.error.contains("warning[queue-no-producer]"), "\(result)")
    #expect(result.error.contains("test openFeed()"), "\(result)")
    #expect(result.error.contains("FeedTests.swift:14"), "\(result)")
    #expect(!result.error.contains("closedFeed"), "\(result)")
  }

  /// XCTest looks ten times a second whether an async test is over: so something goes on, and the report is a note.
  @Test func anAsyncTestOfXCTestIsNoted() async throws {
    let folder = try TemporaryFolder()
    let program = try await build() + "/hanging-testsPackageTests.xctest"
    let trace = folder.path("trace.coroner")
    let process = try Command.start(
      Distribution.coroner, ["record", "--output", trace, "--", program], in: folder)
    let deadline = ContinuousClock.now + .seconds(120)
    func hangs() -> Bool { folder.text("output").contains("'StoreTests.testOfNothing' started") }
    while !hangs(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(50)) }
    // A note is written of what has waited for five seconds.
    try await Task.sleep(for: .seconds(7))
    kill(-process.processIdentifier, SIGKILL)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let analysis = try await Command.run(
      Distribution.coroner, ["analyze", trace, "--format", "json"])
    let report = try #require(AnalyzedReport(json: analysis.output), "\(analysis)")
    #expect(report.claims.map(\.kind) == ["external-wait"], "\(report)")
    #expect(report.claims.first?.parties == ["StoreTests.testOfNothing"], "\(report)")
    #expect(report.claims.first?.lines(of: "StoreTests.swift").contains(9) == true, "\(report)")
  }
}
