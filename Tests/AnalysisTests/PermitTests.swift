import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Semaphores: permits that those who took them give back, and signals that others send.
@Suite struct PermitTests {
  /// 'main' takes both permits and waits for a third; 'put' sleeps, and could do anything then.
  private func findings(takenAt site: String, before: String = "") throws -> [Finding] {
    let text =
      VerdictTests.places.replacing(
        "stack atMain main\n",
        with: """
          stack atMain main
          site enter locks.py:20 _ContextManagerMixin.__aenter__ runtime
          stack entering enter main

          """) + """
        +1ms 1 resource-create 0xb1 object=2 site=atMade value=semaphore
        \(before)
        +2ms 1 acquired 0xb1 site=\(site)
        +2ms 1 acquired 0xb1 site=\(site)
        +3ms 1 task-wait-own 0xb1 object=0xf0 site=\(site) value=acquire
        +4ms 1 task-resume 0xa1
        +4ms 1 task-wait-own 0 object=0xf1 site=atPut value=sleep
        +4ms 1 task-resume 0xa2
        +4ms 1 task-end 0xa2
        +5ms 1 loop-idle 0x1 value=60000

        """
    return try analyze(text).report.findings
  }

  @Test func somebodyElseMayGiveBackWhatWasTakenAsASignal() throws {
    #expect(try findings(takenAt: "atMain").isEmpty)
  }

  @Test func whatABlockOfCodeTookItGivesBackItself() throws {
    let all = try findings(takenAt: "entering")
    #expect(all.map(\.kind) == [.permitExhaustion])
    #expect(all.first?.certainty == .certain)
  }

  /// 'put' has the only permit and waits for the end of 'compact', which waits for a permit.
  @Test func whoHoldsAPermitMayWaitForSomethingElse() throws {
    let text =
      VerdictTests.places + """
        site enter locks.py:20 _ContextManagerMixin.__aenter__ runtime
        stack entering enter put
        +1ms 1 resource-create 0xb1 object=2 site=atMade value=semaphore
        +1ms 1 task-suspend 0xa0 object=0xa1 site=atMain
        +2ms 1 task-resume 0xa1
        +2ms 1 acquired 0xb1 site=entering
        +2ms 1 acquired 0xb1 site=entering
        +2ms 1 task-suspend 0xa1 object=0xa2 site=atPut
        +3ms 1 task-resume 0xa2
        +3ms 1 task-wait-own 0xb1 object=0xf0 site=atCompact value=acquire
        +9ms 1 loop-idle 0x1 value=none

        """
    let all = try analyze(text).report.findings
    #expect(all.map(\.kind) == [.permitExhaustion])
    #expect(
      all.first?.headline.hasSuffix("wait for others which wait for one: 'Store.put'") == true)
  }

  @Test(arguments: ["0xb1", "0xb2"])
  func permitsAreGivenBackAsThoseMadeAtTheSamePlaceWere(_ semaphore: String) throws {
    let all = try findings(
      takenAt: "atMain",
      before: """
        +1ms 1 resource-create 0xb2 object=2 site=atMade value=semaphore
        +1ms 1 acquired \(semaphore) site=atMain
        +1ms 1 released \(semaphore) site=atMain
        """)
    #expect(all.map(\.kind) == [.permitExhaustion])
    #expect(all.first?.certainty == .certain)
  }

  /// 'compact' sends a signal, which 'put' takes, and fails; 'main' waits for 'put', which waits for another one.
  private static func signals(inTheEnd atEnd: String) throws -> [Finding] {
    let text =
      VerdictTests.places + """
        string 9 ValueError
        +1ms 1 resource-create 0xb1 object=0 site=atMade value=semaphore
        +1ms 1 task-suspend 0xa0 object=0xa1 site=atMain
        +2ms 1 task-resume 0xa2
        +2ms 1 released 0xb1 site=atCompact
        +2ms 1 task-end 0xa2 object=9 site=atCompact value=error
        +3ms 1 task-resume 0xa1
        +3ms 1 acquired 0xb1 site=atPut
        \(atEnd)
        +3ms 1 task-wait-own 0xb1 object=0xf0 site=atPut value=acquire
        +9ms 1 loop-idle 0x1 value=none

        """
    return try analyze(text).report.findings
  }

  @Test func nobodyHoldsASignal() throws {
    let all = try Self.signals(inTheEnd: "")
    #expect(all.map(\.kind) == [.orphanedFuture])
    #expect(all.first?.because.first?.contains("released last by 'Store.compact'") == true)
    #expect(all.first?.because.first?.contains("ended with ValueError") == true)
  }

  @Test func whoGivesASignalBackHasAPermit() throws {
    let all = try Self.signals(
      inTheEnd: "+3ms 1 released 0xb1 site=atPut\n+3ms 1 acquired 0xb1 site=atPut")
    #expect(all.map(\.kind) == [.selfDeadlock])
  }
}
