import Findings
import Glibc
import Rendering
import Testing

@Suite struct ExplanationTests {
  @Test(arguments: FindingKind.allCases) func everyKindHasItsPage(kind: FindingKind) {
    #expect(kind.explanation.kind == kind)
    #expect(kind.explanation.page.hasPrefix("## \(kind.rawValue)\n"))
    for line in kind.explanation.page.split(separator: "\n") { #expect(line.count <= 100) }
  }

  /// `UPDATE_GOLDENS=1` writes the document anew.
  @Test func theDocumentIsWhatTheToolPrints() throws {
    let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let path = "/" + package + "/docs/findings.md"
    if getenv("UPDATE_GOLDENS") != nil {
      let file = try #require(fopen(path, "w"))
      fputs(Explanation.document, file)
      fclose(file)
    }
    let file = try #require(fopen(path, "r"), "docs/findings.md is missing")
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    #expect(
      String(decoding: bytes[..<count], as: UTF8.self) == Explanation.document,
      "run the tests with UPDATE_GOLDENS=1 and look at what changed in docs/findings.md")
  }
}
