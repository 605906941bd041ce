import Foundation
import Testing

/// A package that depends on this one for `import Coroner`, and hangs in a lock of its own making.
@Suite(.enabled(if: SwiftSamples.isPossible, "no swift was found to build the program with"))
struct AnnotationTests {
  private func program() async throws -> String {
    try await SwiftSamples.build("Tests/Programs/annotated", .debug) + "/annotated"
  }

  @Test func aPrimitiveThatIsAnnouncedIsNamed() async throws {
    try #require(Distribution.isStaged, "\(Distribution.howToStage)")
    let recording = try await Recording.make(running: [try await program()])
    let claim = try #require(recording.report.claims.first)
    #expect(claim.kind == "lock-cycle")
    #expect(claim.certainty == "certain")
    #expect(claim.parties == ["put", "compact"])
    #expect(Set(claim.resources) == ["cache", "journal"])
  }

  @Test func withoutARecorderNothingIsAnnounced() async throws {
    let plain = try await Command.run(try await program(), ["healthy"])
    #expect(plain.output == "idle false\n")
    #expect(plain.status == 0)
  }
}
