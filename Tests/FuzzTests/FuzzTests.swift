import Foundation
import FuzzEntry
import Testing
import TraceFormat

/// What fuzzing has found, and what it went by, is read again in every run of the tests.
@Suite struct FuzzTests {
  @Test func everyInputOfTheCorpusIsReadWithoutAFault() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    #expect(!files.isEmpty)
    for file in files { FuzzEntry.run(Array(try Data(contentsOf: file))) }
  }
}
