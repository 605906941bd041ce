import Findings
import Rendering
import Testing

/// Findings of many traces.
@Suite struct FaultListTests {
  private var table: FaultTable {
    var other = SampleFindings.lockCycle
    other.fingerprint = "77aa"
    other.headline = "'\u{1B}[31mput' waits"
    var table = FaultTable()
    table.add([other], of: "/runs/a.coroner")
    for number in 1...5 { table.add([SampleFindings.lockCycle], of: "/runs/\(number).coroner") }
    table.add([], of: "/runs/b.coroner")
    table.addUnreadable("/runs/\u{7}c.coroner", why: "it is empty")
    table.sort()
    return table
  }

  @Test func eachFaultIsToldOnceTheMostFrequentFirst() {
    let text = FaultList(options: ReportOptions()).render(table).render(color: false)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines.first?.hasPrefix("error[lock-cycle] in 5 of 7 traces: 'put'") == true, "\(text)")
    #expect(lines.contains("  and 2 more (--all)"))
    #expect(lines.contains { $0.hasPrefix("error[lock-cycle] in 1 of 7 traces") })
    #expect(lines.last == "2 faults in 6 of 7 traces; 1 cannot be read.")
  }

  @Test func namesAreEscaped() {
    let text = FaultList(options: ReportOptions()).render(table).render(color: false)
    #expect(!text.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{7}" })
    let json = JSONReport(options: ReportOptions()).render(table)
    #expect(!json.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{7}" })
    #expect(json.contains("\"count\": 5"))
  }

  @Test func aTraceCountsOnceForAFault() {
    var table = FaultTable()
    table.add([SampleFindings.lockCycle, SampleFindings.lockCycle], of: "one")
    #expect(table.faults.map(\.traces) == [["one"]])
  }
}
