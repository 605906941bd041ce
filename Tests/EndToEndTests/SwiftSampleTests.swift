import Findings
import Foundation
import Testing

/// Every sample in Swift, built with and without optimisation: recorded, killed, analyzed.
@Suite(.enabled(if: SwiftSamples.isPossible, "no swift was found to build the samples with"))
struct SwiftSampleTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var sample: Sample
    var configuration: SwiftSamples.Configuration
    var testDescription: String { "\(sample.testDescription), \(configuration)" }
  }

  static func cases(healthy: Bool) throws -> [Case] {
    try Sample.swift().filter { ($0.kind == nil) == healthy }.flatMap { sample in
      SwiftSamples.Configuration.allCases.map { Case(sample: sample, configuration: $0) }
    }
  }

  @Test(arguments: try cases(healthy: false))
  func theHangIsNamed(_ test: Case) async throws {
    let isSeen = test.configuration == .debug || test.sample.hasLinesOptimised
    try await judged(test) { try test.sample.expectToBeNamed(in: $0, withLines: isSeen) }
  }

  @Test(arguments: try cases(healthy: true))
  func aHealthyProgramGetsNoFinding(_ test: Case) async throws {
    try await judged(test) { recording in
      // On a busy machine a snapshot takes a while, and what has waited for five seconds is noted.
      let isLong = test.sample.needsSnapshot
      let findings = recording.report.findings.filter {
        !isLong || $0.kind != FindingKind.externalWait.rawValue
      }
      #expect(findings.isEmpty, "\(recording.report)")
      #expect(recording.status == 0)
      #expect(recording.programErrors.isEmpty, "\(recording.programErrors)")
    }
  }

  private func judged(
    _ test: Case, _ judge: (Recording) async throws -> Void
  ) async throws {
    try #require(Distribution.isStaged, "\(Distribution.howToStage)")
    let programs = try await SwiftSamples.shared.folder(of: test.configuration)
    let program = programs + "/" + test.sample.file.deletingPathExtension().lastPathComponent
    // A search of memory that finds too much is repeated some time later.
    let mark = test.sample.kind == nil ? #""incomplete":0"# : #""event":"referrers""#
    func look() async throws {
      try await Turnstile.shared.pass {
        try await judge(
          try await Recording.make(
            running: [program], awaitingSnapshot: test.sample.needsSnapshot, with: [mark]))
      }
    }
    if let reason = KnownGaps.swift[test.sample.name] {
      // Some show in one build only.
      await withKnownIssue("\(reason)", isIntermittent: true) { try await look() }
    } else {
      try await look()
    }
  }
}

/// The programs of `samples/swift`, built once for each configuration.
actor SwiftSamples {
  enum Configuration: String, CaseIterable { case debug, release }

  static let shared = SwiftSamples()
  static let isPossible = toolchain != nil
  static let toolchain = (ProcessInfo.processInfo.environment["PATH"] ?? "")
    .split(separator: ":").map { $0 + "/swift" }
    .first(where: FileManager.default.isExecutableFile)

  private var builds: [Configuration: Task<String, any Error>] = [:]
  private var last: Task<String, any Error>?

  /// The folder that the programs are in. One configuration is built after the other.
  func folder(of configuration: Configuration) async throws -> String {
    if let build = builds[configuration] { return try await build.value }
    let before = last
    let build = Task {
      _ = await before?.result
      return try await Self.build("samples/swift", configuration)
    }
    builds[configuration] = build
    last = build
    return try await build.value
  }

  /// Builds a package of this repository; the folder of its programs. Two callers take turns by SwiftPM's lock.
  static func build(
    _ package: String, _ configuration: Configuration, options: [String] = []
  ) async throws -> String {
    let scratch = Package.root.appending(path: ".build/programs/\(package)").path
    let built = try await Command.run(
      toolchain!,
      [
        "build", "--package-path", Package.root.appending(path: package).path,
        "--scratch-path", scratch, "-c", configuration.rawValue,
      ] + options)
    guard built.status == 0 else {
      throw SampleError(message: "\(package) cannot be built:\n\(built.output)\(built.error)")
    }
    return scratch + "/" + configuration.rawValue
  }
}
