import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Where the time of a wait went.
@Suite struct WaitPathTests {
  private func paths(
    _ events: String, _ choice: WaitPaths.Choice = WaitPaths.Choice()
  ) throws -> [WaitPath] {
    let trace = try TraceText.parse(VerdictTests.places + events)
    let analysis = try analyze(trace)
    return try WaitPaths(analysis, choice: choice).paths()
  }

  /// compact waits for put's lock; put sleeps with it, then waits for the main task's item, and gives it back.
  private static let chain = """
    +1ms 1 resource-create 0xb1 object=1 site=atMade value=lock
    +1ms 1 resource-create 0xb2 object=0 site=atMade value=event
    +1ms 1 task-wait-own 0x0 object=0xf0 site=atMain value=sleep
    +2ms 1 task-resume 0xa1
    +2ms 1 acquired 0xb1 site=atPut
    +2ms 1 task-wait-own 0x0 object=0xf1 site=atPut value=sleep
    +10ms 1 task-resume 0xa2
    +10ms 1 task-wait-own 0xb1 object=0xf2 site=atCompact value=acquire
    +200ms 1 future-done 0xf1
    +200ms 1 task-resume 0xa1
    +200ms 1 task-wait-own 0xb2 object=0xf3 site=atPut value=event-wait
    +700ms 1 future-done 0xf0
    +700ms 1 task-resume 0xa0
    +700ms 1 event-set 0xb2 site=atMain
    +700ms 1 future-done 0xf3
    +700ms 1 task-wait-own 0x0 object=0xf5 site=atMain value=sleep
    +701ms 1 task-resume 0xa1
    +800ms 1 released 0xb1 site=atPut
    +800ms 1 future-done 0xf2 site=atPut
    +800ms 1 task-end 0xa1
    +801ms 1 task-resume 0xa2
    +801ms 1 acquired 0xb1 site=atCompact

    """

  @Test func aWaitGoesBackToThoseThatWereWaitedFor() throws {
    let path = try #require(try paths(Self.chain).first)
    #expect(path.wait.party == "Store.compact")
    #expect(path.wait.duration == 791_000_000)
    #expect(path.wait.end == "ended by 'Store.put' at app.py:17")
    #expect(
      path.parts.map { "\($0.party) \($0.text)" } == [
        "main waits for a timer",
        "main ends the wait of 'Store.put' for the event made at app.py:10",
        "Store.put runs, or could",
      ])
    // Nothing is counted twice.
    #expect(path.parts.reduce(0) { $0 + $1.duration } <= path.wait.duration)
    #expect(path.parts[0].from.nanoseconds == 10_000_000)
  }

  @Test func aWaitIsFoundByNameAndInstant() throws {
    var choice = WaitPaths.Choice()
    choice.party = "put"
    choice.at = TraceInstant(nanoseconds: 300_000_000)
    let found = try paths(Self.chain, choice)
    #expect(found.map(\.wait.text) == ["waits for the event made at app.py:10"])
    choice.party = "nobody"
    #expect(try paths(Self.chain, choice).isEmpty)
  }

  @Test func aCallbackOfTheLoopEndsThePath() throws {
    let path = try #require(
      try paths(
        """
        +1ms 1 resource-create 0xb1 object=1 site=atMade value=future
        +1ms 1 task-suspend 0xa0 object=0xb1 site=atMain
        +900ms 1 future-done 0xb1 site=atMain
        +900ms 1 task-resume 0xa0
        """
      ).first)
    #expect(path.parts.isEmpty)
    #expect(path.wait.end.isEmpty)
  }
}
