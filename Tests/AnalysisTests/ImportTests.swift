import Findings
import Testing
import TraceFormat

@testable import Analysis

/// A module whose import runs a loop that waits for a thread which imports the same module.
@Suite struct ImportTests {
  private func findings(held: String) throws -> [Finding] {
    let events = """
      site read app.py:9 read
      site lock <frozen>:300 _ModuleLock.acquire import
      site import app.py:2 <module>
      stack atRead lock read
      stack atImport import
      thread 2 tid=102 "asyncio_0"
      +2ms 1 job-queue 0xc1 object=0xee site=atMain
      +2ms 2 job-start 0xc1
      +3ms 2 name 0xb1 value="the import lock of app"
      \(held)
      +3ms 2 block-begin 0xb1 object=none site=atRead value=acquire
      +3ms 1 depends 0xf1 object=0xc1
      +4ms 1 task-suspend 0xa0 object=0xf1 site=atMain

      """
    let trace = try TraceText.parse(
      VerdictTests.places.replacing(
        "+1ms 1 task-create 0xa1 site=atMain value=put object=2\n", with: ""
      )
      .replacing("+1ms 1 task-create 0xa2 site=atMain value=compact object=3\n", with: "")
        + events + VerdictTests.atRest)
    return try analyze(trace).report.findings
  }

  @Test func whoImportsAroundALoopHoldsTheLockWhateverTheLoopRuns() throws {
    let all = try findings(held: "+3ms 2 held 0xb1 object=100 site=atImport value=4294967295")
    #expect(all.map(\.kind) == [.lockCycle])
    let finding = try #require(all.first)
    #expect(finding.headline.contains("the import lock of app"))
    #expect(finding.help.first?.contains("imported") == true)
    #expect(finding.marks.contains { $0.label == "took the import lock of app here" })
    #expect(!finding.story.contains { $0.text.contains("takes") })
  }

  @Test func whoeverImportsMayBeUnknown() throws {
    #expect(try findings(held: "").allSatisfy { $0.certainty != .certain })
  }
}
