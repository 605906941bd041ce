import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Jobs that begin only when others have ended, as operations of Foundation do.
@Suite struct JobDependencyTests {
  private func findings(_ events: String) throws -> [Finding] {
    let text = """
      site fetch fetch.swift:3 fetch()
      site render render.swift:5 render()
      site main main.swift:9 main()
      site call main.swift:14 main()
      stack atMain main
      stack atCall call
      thread 1 tid=100 "program"
      thread 2 tid=102 "worker"
      +1ms 1 resource-create 0xee object=1 value=executor
      +1ms 1 job-queue 0xc1 object=0xee site=atMain value=fetch
      +1ms 1 job-queue 0xc2 object=0xee site=atMain value=render
      \(events)
      +2ms 1 block-begin 0xc2 object=none site=atCall value=result
      +900ms 2 loop-idle 0x0 value=none
      """
    return try Analyzer(sourceLoader: { _ in nil })
      .analyze(TraceText.parse(text), path: "test").report.findings
  }

  @Test func twoThatWaitForEachOtherAreACycle() throws {
    let all = try findings(
      """
      +1ms 1 depends 0xc1 object=0xc2
      +1ms 1 depends 0xc2 object=0xc1
      """)
    let finding = try #require(all.first)
    #expect(all.count == 1)
    #expect(finding.kind == .awaitCycle)
    #expect(finding.certainty == .certain)
    #expect(Set(finding.parties.map(\.name)) == ["fetch", "render"])
    #expect(finding.behind.count == 1)
  }

  @Test func oneBehindAJobThatCanRunIsNotStuck() throws {
    #expect(try findings("+1ms 1 depends 0xc2 object=0xc1").isEmpty)
  }

  @Test func whatItWaitedForHasEnded() throws {
    let ended = """
      +1ms 1 depends 0xc2 object=0xc1
      +1ms 1 depends 0xc1 object=0xc2
      +1ms 2 job-start 0xc1
      +1ms 2 job-end 0xc1
      """
    #expect(try findings(ended).isEmpty)
  }

  @Test func oneThatIsNeverQueuedHoldsUpTheOther() throws {
    let all = try findings(
      """
      +1ms 2 job-start 0xc1
      +1ms 2 job-end 0xc1
      +1ms 1 depends 0xc2 object=0xc9
      """)
    #expect(all.map(\.kind) == [.orphanedFuture])
    #expect(all.allSatisfy { $0.certainty == .likely })
  }
}
