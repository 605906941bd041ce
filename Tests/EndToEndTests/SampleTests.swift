import Findings
import Foundation
import Testing

/// Every sample under every installed CPython: recorded, killed, analyzed.
@Suite struct SampleTests {
  /// A sample and the interpreter that runs it.
  struct Case: Sendable, CustomTestStringConvertible {
    var sample: Sample
    var python: Interpreter
    var testDescription: String { "\(sample.testDescription) on \(python.version)" }

    /// The folder of what the sample requires, if anything; cancels the test if pip cannot install it.
    func packages() async throws -> String? {
      guard let requirement = sample.requirement else { return nil }
      return try await InstalledPackages.shared.folder(of: requirement, for: python)
    }
  }

  static func cases(healthy: Bool) throws -> [Case] {
    try Sample.all().filter { ($0.kind == nil) == healthy }.flatMap { sample in
      Interpreter.installed.filter { python in
        python.version >= sample.oldestPython && sample.fixedIn.map { python.version < $0 } ?? true
      }.map {
        Case(sample: sample, python: $0)
      }
    }
  }

  @Test func thereIsAnInterpreter() {
    #expect(!Interpreter.installed.isEmpty, "no CPython 3.9 to 3.15 was found")
  }

  @Test(
    .enabled(
      if: Interpreter.hasRecent,
      "no CPython 3.14 or 3.15 was found; name one in CORONER_TEST_PYTHONS"))
  func thereIsARecentInterpreter() {}

  @Test(arguments: try cases(healthy: false))
  func theHangIsNamed(_ test: Case) async throws {
    try #require(Distribution.isStaged, "\(Distribution.howToStage)")
    let sample = test.sample
    try await Turnstile.shared.pass {
      try await allowingGaps(of: test) {
        let recording = try await Recording.make(
          of: sample.file, with: test.python.path, packages: try await test.packages(),
          awaitingSnapshot: sample.needsSnapshot)
        try sample.expectToBeNamed(in: recording)
      }
    }
  }

  @Test(arguments: try cases(healthy: true))
  func aHealthyProgramGetsNoFinding(_ test: Case) async throws {
    try #require(Distribution.isStaged, "\(Distribution.howToStage)")
    try await Turnstile.shared.pass {
      try await allowingGaps(of: test) {
        let recording = try await Recording.make(
          of: test.sample.file, with: test.python.path, packages: try await test.packages(),
          awaitingSnapshot: test.sample.needsSnapshot)
        let report = recording.report
        #expect(report.claims.isEmpty, "\(report)")
        #expect(report.hazardKinds == Set(test.sample.hazards.map(\.rawValue)), "\(report)")
        #expect(recording.status == 0)
        #expect(!recording.programErrors.contains("Error"), "\(recording.programErrors)")
      }
    }
  }

  private func allowingGaps(of test: Case, _ body: () async throws -> Void) async throws {
    if let reason = KnownGaps.reason(test.sample, test.python.version) {
      await withKnownIssue("\(reason)") { try await body() }
    } else {
      try await body()
    }
  }
}

/// The samples themselves, in either language.
@Suite struct SampleFormTests {
  @Test(arguments: try Sample.all() + Sample.swift())
  func aSampleIsShortAndSaysWhatItExpects(_ sample: Sample) {
    // A healthy one may go through all of a kind.
    #expect(sample.lineCount <= (sample.kind == nil ? 120 : 40))
    guard sample.kind != nil else { return }
    #expect(!sample.lines.isEmpty || !sample.alternativeLines.isEmpty)
    // Threads of Swift have no names that a sample could give.
    if sample.file.pathExtension == "py" { #expect(!sample.tasks.isEmpty) }
  }

  @Test func everyGapNamesASample() throws {
    let python = Set(try Sample.all().map(\.name))
    #expect(Set(KnownGaps.table.map(\.sample)).isSubset(of: python))
    #expect(Set(KnownGaps.swift.keys).isSubset(of: try Sample.swift().map(\.name)))
  }
}
