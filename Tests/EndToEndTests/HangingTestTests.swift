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
    #expect(result.error.contains("[queue-no-producer]"), "\(result)")
    #expect(result.error.contains("test openFeed()"), "\(result)")
    #expect(result.error.contains("FeedTests.swift:14"), "\(result)")
    #expect(!result.error.contains("closedFeed"), "\(result)")
  }

  /// XCTest looks ten times a second whether an async test is over: that is not the test's doing.
  @Test func anAsyncTestOfXCTestIsNamedAndEnded() async throws {
    let folder = try TemporaryFolder()
    let program = try await build() + "/hanging-testsPackageTests.xctest"
    let result = try await Command.run(
      Distribution.coroner,
      [
        "record", "--on-stall", "kill", "--stall", "1", "--output", folder.path("t.coroner"), "--",
        program,
      ])
    #expect(result.status == 124, "\(result)")
    #expect(result.error.contains("[orphaned-future]"), "\(result)")
    #expect(result.error.contains("'StoreTests.testOfNothing' waits"), "\(result)")
    #expect(result.error.contains("StoreTests.swift:9"), "\(result)")
  }
}
