import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Threads that have what they waited for, and have not run since.
@Suite struct HalfWayTests {
  private func kinds(_ events: String) throws -> [String] {
    let trace = try TraceText.parse(
      """
      site main app.py:40 main
      thread 1 tid=100 "MainThread"
      thread 2 tid=101 "other"
      +1ms 1 task-create 0xa0 site=main value=main object=1
      +1ms 1 loop-start 0x1
      +1ms 1 task-resume 0xa0
      +1ms 1 resource-create 0xd1 value=semaphore
      +1ms 1 resource-create 0xd2 value=condition
      +1ms 2 thread-start 101

      """ + events + "\n+4ms 2 thread-end 101\n")
    return try analyze(trace).report.findings.map(\.kind.rawValue)
  }

  @Test func aPermitThatIsFreeIsTakenByWhoWaits() throws {
    let wait = "+2ms 1 block-begin 0xd1 object=none site=main value=acquire\n"
    #expect(try kinds(wait + "+3ms 2 released 0xd1").isEmpty)
    #expect(try kinds(wait + "+3ms 2 released 0xd1\n+3ms 2 acquired 0xd1") == ["orphaned-future"])
  }

  @Test func whoWasSignalledGoesOn() throws {
    let wait = "+2ms 1 block-begin 0xd2 object=none site=main value=condition-wait\n"
    #expect(try kinds(wait + "+3ms 2 notified 0xd2 object=1 value=1").isEmpty)
    #expect(try kinds(wait) == ["lost-wakeup"])
  }
}
