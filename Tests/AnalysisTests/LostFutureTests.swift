import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Futures that nobody can resolve any more, in a program that goes on.
@Suite struct LostFutureTests {
  /// 'put' waits for 0xf1, and 'compact' pauses again and again.
  private func findings(_ events: String) throws -> [Finding] {
    let trace =
      VerdictTests.places + """
        +1ms 1 timer-arm 0xce object=0xfe value=1000
        +1ms 1 task-suspend 0xa0 object=0xfe site=atMain
        +2ms 1 task-resume 0xa1
        +2ms 1 resource-create 0xf1 site=atMade value=future
        +2ms 1 task-suspend 0xa1 object=0xf1 site=atPut
        +3ms 1 task-resume 0xa2
        \(events)
        +4ms 1 resource-create 0xf2 site=atMade value=future
        +4ms 1 timer-arm 0xcd object=0xf2 value=60000
        +4ms 1 task-suspend 0xa2 object=0xf2 site=atCompact
        +5ms 1 loop-idle 0x1 value=60000

        """
    return try analyze(trace).report.findings
  }

  @Test func whatNobodyCanResolveIsOrphanedForCertain() throws {
    let findings = try findings("+3ms 1 future-lost 0xf1 site=atCompact")
    #expect(findings.map(\.kind) == [.orphanedFuture])
    #expect(findings.first?.certainty == .certain)
    #expect(findings.first?.marks.contains { $0.site.line == 24 } == true, "\(findings)")
  }

  @Test func nothingIsSaidWithoutTheLoss() throws {
    #expect(try findings("").isEmpty)
  }

  @Test func whatIsResolvedBeforeWasOnlyLetGoOf() throws {
    let events = """
      +3ms 1 future-done 0xf1 site=atCompact value=value
      +3ms 1 future-lost 0xf1 site=atCompact
      """
    #expect(try findings(events).isEmpty)
  }

  @Test func anotherOneOfTheSameNumberIsNotLost() throws {
    let events = """
      +3ms 1 future-done 0xf1 site=atCompact value=value
      +3ms 1 future-lost 0xf1 site=atCompact
      +3ms 1 task-suspend 0xa2 site=atCompact
      +3ms 1 task-resume 0xa1
      +3ms 1 resource-create 0xf1 site=atMade value=future
      +3ms 1 task-suspend 0xa1 object=0xf1 site=atPut
      +4ms 1 task-resume 0xa2
      """
    #expect(try findings(events).isEmpty)
  }
}
