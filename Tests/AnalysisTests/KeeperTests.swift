import Findings
import Testing
import TraceFormat

@testable import Analysis

/// A worker thread that keeps the interpreter from the loop's thread.
@Suite struct KeeperTests {
  private func findings(_ events: String) throws -> [Finding] {
    let text = """
      site match app.py:9 match
      stack atMatch match
      thread 2 tid=102 "asyncio_0"
      thread 8 tid=108 "coroner-watch"
      +1ms 1 task-end 0xa1
      +1ms 1 task-end 0xa2
      +2ms 1 job-queue 0xc1 object=0xee site=atMain value=match
      +2ms 1 depends 0xf1 object=0xc1
      +2ms 1 task-suspend 0xa0 object=0xf1 site=atMain
      +2ms 1 loop-idle 0x1 value=50
      +3ms 2 job-start 0xc1
      +600ms 8 stack-sample 102 object=500 site=atMatch

      """
    let trace = try TraceText.parse(
      VerdictTests.places + text + events + "\n+3000ms 8 thread-start 108\n")
    return try analyze(trace).report.findings
  }

  @Test func whoKeepsTheInterpreterBlocksTheLoop() throws {
    let all = try findings("")
    #expect(all.map(\.kind) == [.blockedLoop])
    #expect(
      all.first?.headline.contains("'match' has kept the interpreter to itself for 2.90 s") == true)
    #expect(all.first?.behind.map(\.name) == ["main"])
  }

  @Test(arguments: [
    "+2000ms 1 loop-wake 0x1 value=0", "+2000ms 8 stack-sample 100 object=900 site=atMain",
    "+2000ms 2 job-end 0xc1",
  ])
  func whoeverHasRunSinceIsNotKept(_ event: String) throws {
    #expect(try findings(event).allSatisfy { !$0.headline.contains("interpreter") })
  }
}
