import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Tasks that were asked to end and went on.
@Suite struct LostRequestTests {
  /// 'main' asks 'put' to end, which waits elsewhere since, and waits for its end.
  private func finding(handling: String) throws -> [FindingKind] {
    let events = """
      +1ms 1 resource-create 0xe1 site=atMade value=queue
      +1ms 1 task-suspend 0xa0
      +1ms 1 task-resume 0xa1
      +1ms 1 task-suspend 0xa1 object=0xf1 site=atCompact
      +1ms 1 task-resume 0xa2
      +1ms 1 task-end 0xa2
      +2ms 1 task-resume 0xa0
      +2ms 1 task-cancel 0xa1 site=atMain
      +2ms 1 task-suspend 0xa0 object=0xa1 site=atMain
      +3ms 1 task-resume 0xa1
      +3ms 1 wait-begin 0xa1 object=0xe1 site=atPut value=queue-get
      +3ms 1 task-suspend 0xa1 object=0xf2 site=atPut
      +4ms 1 loop-idle 0x1 value=none
      +5000ms 1 snapshot-begin 1 object=5000 value=stall
      \(handling)
      +5001ms 1 referrers 0xe1 object=0
      +5001ms 1 snapshot-end 1 object=900 value=0

      """
    let trace = try TraceText.parse(VerdictTests.places + events)
    return try analyze(trace).report.findings
      .map(\.kind)
  }

  @Test func whoHandlesNoExceptionHasLostTheRequest() throws {
    #expect(try finding(handling: "+5001ms 1 task-stack 0xa1 value=1") == [.ignoredCancel])
  }

  @Test func whoMayHandleItIsCleaningUp() throws {
    #expect(try finding(handling: "") == [.queueNoProducer])
  }
}
