import Testing
import TraceFormat

@testable import Rendering

/// What is marked of a line.
@Suite struct SourceLineTests {
  private func marked(_ line: String, column: Int?, endColumn: Int? = nil, file: String) -> String {
    let site = Site(file: file, function: "f", line: 1, column: column, endColumn: endColumn)
    let source = SourceLine(line)
    let columns = source.columns(of: site)
    return String(source.text.dropFirst(columns.lowerBound).prefix(columns.count))
  }

  @Test func thePlaceIsMarkedWhereItsEndIsKnown() {
    #expect(marked("  with lock:  # take", column: 8, endColumn: 12, file: "a.py") == "lock")
  }

  @Test func aLineIsMarkedWithoutItsComment() {
    #expect(marked("  x = a // b  # half", column: nil, file: "a.py") == "x = a // b")
    #expect(marked("  f(\"a // b\") // half", column: nil, file: "a.swift") == "f(\"a // b\")")
    #expect(marked("  a # b", column: nil, file: "a.swift") == "a # b")
  }

  @Test func aCallIsMarkedWholeWhereOnlyItsNameIsKnown() {
    #expect(
      marked("  let x = self.lock.take(1, (2)) + 1", column: 21, file: "a.swift")
        == "self.lock.take(1, (2))")
    #expect(marked("  await value // so", column: 9, file: "a.swift") == "value")
    #expect(marked("  f(", column: 3, file: "a.swift") == "f(")
    #expect(marked("  é.f(1)", column: 6, file: "a.swift") == "f(1)")
    #expect(marked("", column: 40, file: "a.swift").isEmpty)
  }
}
