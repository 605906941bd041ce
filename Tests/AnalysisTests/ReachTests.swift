import Findings
import Testing
import TraceFormat

@testable import Analysis

/// What a snapshot proves, and what it does not.
@Suite struct ReachTests {
  /// 'main' waits for 'put', which waits for an event; a server listens, so the process may go on.
  private static let waits = waits(madeAt: "atMade", before: "+1ms 1 event-set 0xe1 site=atMain")

  private static func waits(madeAt made: String, before: String) -> String {
    """
    +1ms 1 io-register 7 object=0x1 value=read|listen
    +1ms 1 resource-create 0xe1 site=\(made) value=event
    \(before)
    +1ms 1 task-suspend 0xa0 object=0xa1 site=atMain
    +2ms 1 task-resume 0xa1
    +2ms 1 wait-begin 0xa1 object=0xe1 site=atPut value=event-wait
    +2ms 1 task-suspend 0xa1 object=0xf1 site=atPut
    +2ms 1 task-resume 0xa2
    +2ms 1 task-end 0xa2
    +3ms 1 loop-idle 0x1 value=none

    """
  }

  private func findings(_ events: String, after waits: String = Self.waits) throws -> [Finding] {
    let trace = try TraceText.parse(VerdictTests.places + waits + events)
    return try analyze(trace).report.findings
  }

  private func snapshot(_ facts: String, incomplete: Int = 0) -> String {
    """
    +5000ms 1 snapshot-begin 1 object=5000 value=stall
    \(facts)
    +5001ms 1 snapshot-end 1 object=900 value=\(incomplete)

    """
  }

  @Test func withoutASnapshotAListenerMayStillSetTheEvent() throws {
    #expect(try findings("").isEmpty)
  }

  @Test func aServerWhoseMainTaskWaitsForEverOnPurposeIsFine() throws {
    let nobody = snapshot("+5001ms 1 referrers 0xe1 object=0")
    #expect(try findings(nobody, after: Self.waits(madeAt: "atMade", before: "")).isEmpty)
  }

  @Test func whatNothingReachesIsCertainlyOrphaned() throws {
    let all = try findings(snapshot("+5001ms 1 referrers 0xe1 object=0"))
    #expect(all.map(\.kind) == [.lostWakeup])
    #expect(all.first?.certainty == .certain)
    #expect(
      all.first?.because.contains { $0.contains("nothing in the process could reach") } == true)
  }

  @Test func whatOnlyAStuckTaskReachesIsCertainlyOrphaned() throws {
    let all = try findings(
      snapshot(
        """
        +5001ms 1 referrer 0xe1 object=0xa0 value=task
        +5001ms 1 referrers 0xe1 object=1
        """))
    #expect(all.map(\.certainty) == [.certain])
  }

  @Test(arguments: [
    "referrer 0xe1 object=0 value=root", "referrer 0xe1 object=7 value=descriptor",
    "referrer 0xe1 object=100 value=thread",
  ])
  func whatSomethingElseReachesIsUnknown(_ referrer: String) throws {
    // The thread's own loop goes on with the main task only; a thread without a loop may act.
    let all = try findings(
      snapshot("+5001ms 1 \(referrer)\n+5001ms 1 referrers 0xe1 object=1"))
    #expect(all.isEmpty == !referrer.contains("thread"))
  }

  @Test func aLostReferrerProvesNothing() throws {
    #expect(try findings(snapshot("+5001ms 1 referrers 0xe1 object=1")).isEmpty)
  }

  @Test func anIncompleteSnapshotProvesNothing() throws {
    #expect(try findings(snapshot("+5001ms 1 referrers 0xe1 object=0", incomplete: 1)).isEmpty)
  }

  @Test func aReferrerThatHasMovedSinceProvesNothing() throws {
    let all = try findings(
      snapshot("+5001ms 1 referrer 0xe1 object=0xa2 value=task\n+5001ms 1 referrers 0xe1 object=1"))
    #expect(all.isEmpty)
  }

  @Test func bothEndsOfAConnectionInOneProcessAreNotOutside() throws {
    // 'put' reads from descriptor 8, whose other end 9 only 'main' can reach, which waits for 'put'.
    let facts = """
      +5001ms 1 io-peer 8 object=9
      +5001ms 1 referrer 0xe1 object=8 value=descriptor
      +5001ms 1 referrers 0xe1 object=1
      +5001ms 1 referrer 0x8000000000000009 object=0xa0 value=task
      +5001ms 1 referrers 0x8000000000000009 object=1
      """
    let registered = "+3ms 1 io-register 8 object=0x1 value=read\n"
    #expect(try findings(registered + snapshot(facts)).map(\.certainty) == [.certain])
    let stranger = facts.split(separator: "\n").dropFirst().joined(separator: "\n")
    #expect(try findings(registered + snapshot(stranger)).isEmpty)
  }
}
