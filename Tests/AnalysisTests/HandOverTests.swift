import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Locks that the one who releases them hands to a waiter, and timeouts that reach the tasks below.
@Suite struct HandOverTests {
  private func findings(_ events: String) throws -> [Finding] {
    let trace = try TraceText.parse(VerdictTests.places + events + VerdictTests.atRest)
    return try analyze(trace).report.findings
  }

  /// 'main' holds the lock, both others wait for it, and 'main' hands it to 'put'.
  private static let handed = """
    +1ms 1 resource-create 0xb1 object=1 site=atMade value=lock
    +1ms 1 acquired 0xb1 site=atMain
    +1ms 1 task-suspend 0xa0
    +2ms 1 task-resume 0xa1
    +2ms 1 wait-begin 0xa1 object=0xb1 site=atPut value=acquire
    +2ms 1 task-suspend 0xa1 object=0xf1 site=atPut
    +3ms 1 task-resume 0xa2
    +3ms 1 wait-begin 0xa2 object=0xb1 site=atCompact value=acquire
    +3ms 1 task-suspend 0xa2 object=0xf2 site=atCompact
    +4ms 1 task-resume 0xa0
    +4ms 1 released 0xb1 site=atMain
    +4ms 1 acquired 0xb1 object=0xa1 site=atMain
    +4ms 1 future-done 0xf1 site=atMain value=value

    """

  @Test func aLockHandedToATaskThatEndsIsAbandoned() throws {
    let all = try findings(
      Self.handed + """
        +5ms 1 task-suspend 0xa0 object=0xa2 site=atMain
        +6ms 1 task-resume 0xa1
        +6ms 1 task-end 0xa1 value=cancelled

        """)
    let finding = try #require(all.first)
    #expect(all.count == 1)
    #expect(finding.kind == .abandonedLock)
    #expect(Set(finding.parties.map(\.name)) == ["Store.compact", "Store.put"])
    #expect(finding.story.contains { $0.party == "main" && $0.text.contains("hands") })
    #expect(finding.because.contains { $0.contains("to which 'main' handed") })
  }

  @Test func theNewOwnerMayStillGiveItBack() throws {
    let all = try findings(
      Self.handed + """
        +5ms 1 task-suspend 0xa0 object=0xa2 site=atMain
        +6ms 1 task-resume 0xa1
        +6ms 1 acquired 0xb1 site=atPut
        +7ms 1 wait-begin 0xa1 site=atPut value=sleep
        +7ms 1 task-suspend 0xa1 object=0xf3 site=atPut

        """)
    #expect(all.isEmpty)
  }

  @Test func whatWasHandedOverIsTakenOnce() throws {
    let all = try findings(
      Self.handed + """
        +5ms 1 task-suspend 0xa0 object=0xa2 site=atMain
        +6ms 1 task-resume 0xa1
        +6ms 1 acquired 0xb1 site=atPut
        +7ms 1 released 0xb1 site=atPut
        +7ms 1 acquired 0xb1 object=0xa2 site=atPut
        +7ms 1 future-done 0xf2 site=atPut value=value
        +7ms 1 task-end 0xa1 value=value

        """)
    #expect(all.isEmpty)
  }

  @Test(arguments: [true, false])
  func aTimeoutOfAGroupReachesItsTasks(_ isArmed: Bool) throws {
    let timer = isArmed ? "+1ms 1 timer-arm 77 object=0xa0 value=60000\n" : ""
    let all = try findings(
      """
      +1ms 1 resource-create 0xd1 site=atMade value=group
      +1ms 1 depends 0xd1 object=0xa1 value=all
      +1ms 1 depends 0xd1 object=0xa2 value=all

      """ + timer
        + VerdictTests.twoLocks.replacing(
          "+1ms 1 task-suspend 0xa0 object=0xa1 site=atMain",
          with: """
            +1ms 1 wait-begin 0xa0 object=0xd1 site=atMain value=group
            +1ms 1 task-suspend 0xa0 object=0xf9 site=atMain
            """) + """
          +4ms 1 wait-begin 0xa1 object=0xb2 site=atPut value=acquire
          +4ms 1 task-suspend 0xa1 object=0xf2 site=atPut

          """)
    #expect(all.map(\.kind) == (isArmed ? [] : [.lockCycle]))
  }
}
