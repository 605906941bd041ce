import Foundation
import Testing

/// What `coroner analyze` says about what is no trace: one clear error and status 3.
@Suite(.enabled(if: Distribution.isStaged, "\(Distribution.howToStage)"))
struct UnreadableTraceTests {
  private func expectRefusal(
    of path: String, saying words: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let result = try await Command.run(Distribution.coroner, ["analyze", path])
    #expect(result.status == 3, "\(result)", sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, sourceLocation: sourceLocation)
    let first = result.error.split(separator: "\n").first ?? ""
    #expect(first.hasPrefix("error: "), "\(result.error)", sourceLocation: sourceLocation)
    for word in words {
      #expect(result.error.contains(word), "\(result.error)", sourceLocation: sourceLocation)
    }
  }

  @Test func aFileThatIsMissing() async throws {
    try await expectRefusal(of: "/nowhere/hang.coroner", saying: ["hang.coroner"])
  }

  @Test func aFolder() async throws {
    let folder = try TemporaryFolder()
    try await expectRefusal(of: folder.url.path, saying: [folder.url.lastPathComponent])
  }

  @Test func anEmptyFile() async throws {
    let folder = try TemporaryFolder()
    _ = try folder.create("empty.coroner")
    try await expectRefusal(of: folder.path("empty.coroner"), saying: ["empty.coroner"])
  }

  @Test func aFileOfAnotherKind() async throws {
    try await expectRefusal(of: #filePath, saying: ["UnreadableTraceTests.swift"])
  }

  @Test func aTraceOfANewerVersion() async throws {
    let folder = try TemporaryFolder()
    var header = Data("CORONER\n".utf8)
    header.append(contentsOf: [9, 0, 0, 0, 4, 3, 2, 1, 0, 16, 0, 0])
    header.append(Data(count: 4096 - header.count))
    try header.write(to: folder.url.appending(path: "newer.coroner"))
    try await expectRefusal(of: folder.path("newer.coroner"), saying: ["newer.coroner", "9"])
  }

  @Test func noTraceAtAllIsAMistakeOfUsage() async throws {
    #expect(try await Command.run(Distribution.coroner, ["analyze"]).status == 2)
    #expect(try await Command.run(Distribution.coroner, ["analyse", "x"]).status == 2)
  }
}
