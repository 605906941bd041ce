import Foundation
import Testing

/// A process that forks has one trace, and its child another, which knows nothing of what the parent's said.
@Suite(
  .enabled(if: SwiftSamples.isPossible, "no swift was found to build the program with"),
  .enabled(if: Distribution.isStaged, "\(Distribution.howToStage)"))
struct SwiftForkTests {
  private static let folder = "Tests/Programs/forks"

  private static func file(_ name: String) -> String {
    Package.root.appending(path: "\(folder)/\(name)").path
  }

  /// The program: Swift, and a main function in C that forks.
  private func program(in folder: TemporaryFolder) async throws -> String {
    let program = folder.path("forks")
    for command in [
      ["cc", "-g", "-c", "-o", program + ".o", Self.file("forks.c")],
      [
        "swiftc", "-g", "-parse-as-library", "-o", program, Self.file("forks.swift"),
        program + ".o",
      ],
    ] {
      let built = try await Command.run("/usr/bin/env", command)
      try #require(built.status == 0, "\(built.error)")
    }
    return program
  }

  private func claims(in folder: TemporaryFolder) async throws -> [AnalyzedReport.Claim] {
    let traces = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
      .filter { $0.hasSuffix(".coroner") }.map(folder.path)
    #expect(traces.count == 2)
    var claims: [AnalyzedReport.Claim] = []
    for trace in traces {
      let analysis = try await Command.run(
        Distribution.coroner, ["analyze", "--format", "json", trace])
      claims += try #require(AnalyzedReport(json: analysis.output)).claims
    }
    return claims
  }

  @Test func aChildGoesOnWithWhatItsParentUsed() async throws {
    let folder = try TemporaryFolder()
    let program = try await program(in: folder)
    let result = try await Command.run(
      Distribution.coroner,
      ["record", "--output", folder.path("t.%p.coroner"), "--", program, "healthy"])
    #expect(result == Command.Result(status: 0, output: "0\n", error: ""))
    #expect(try await claims(in: folder).isEmpty)
  }

  @Test(arguments: [
    ("locks", "lock-cycle", ["holds", "waits"]), ("tasks", "await-cycle", ["awaits"]),
    ("kept", "abandoned-lock", ["left", "asks"]),
  ])
  func aHangOfTheChildIsNamedInItsTrace(
    _ test: String, _ kind: String, _ marks: [String]
  ) async throws {
    let folder = try TemporaryFolder()
    let program = try await program(in: folder)
    let output = folder.path("t.%p.coroner")
    let result = try await Command.run(
      Distribution.coroner,
      ["record", "--on-stall", "kill", "--stall", "2", "--output", output, "--", program, test])
    #expect(result.status == 124 && result.output == "hung\n", "\(result)")
    let claims = try await claims(in: folder)
    try #require(claims.map(\.kind) == [kind], "\(claims)")
    #expect(claims[0].certainty == "certain")
    let lines = try String(contentsOfFile: Self.file("forks.swift"), encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    let marked = lines.indices.filter { line in
      marks.contains { lines[line].hasSuffix("// <- \($0)") }
    }
    #expect(claims[0].lines(of: "forks.swift").isSuperset(of: marked.map { $0 + 1 }), "\(claims)")
  }
}
