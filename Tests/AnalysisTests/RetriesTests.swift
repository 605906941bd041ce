import Findings
import Testing
import TraceFormat

@testable import Analysis

/// A task that gives up a lock after a limit, and tries again: 'put' has it, and waits for an event; 'compact' tries;
/// 'main' waits for both.
@Suite struct RetriesTests {
  private func findings(
    tries: Int = 12, milliseconds: Int = 250, by role: String = "limit", elsewhere: Bool = false,
    reaching: [String] = ["0xa0 value=task", "0xa2 value=task"], rest: Int = 200
  ) throws -> [Finding] {
    var events = """
      site limit timeouts.py:9 Timeout._on_timeout \(role)
      site gap app.py:26 Store.compact
      site stop app.py:20 Store.put
      stack atGap gap
      stack atStop stop
      +1ms 1 resource-create 0xb1 object=1 site=atMade value=lock
      +1ms 1 resource-create 0xe1 site=atMade value=event
      +1ms 1 task-suspend 0xa0 object=0xa1 site=atMain
      +2ms 1 task-resume 0xa1
      +2ms 1 acquired 0xb1 site=atPut
      +2ms 1 task-wait-own 0xe1 object=0xf1 site=atStop value=event-wait
      +2ms 1 task-resume 0xa2

      """
    for number in 1...tries {
      let (begun, over) = (2 + (number - 1) * milliseconds, 2 + number * milliseconds)
      events += """
        +\(begun)ms 1 task-wait-own 0xb1 object=0xf2 site=\(elsewhere && number % 2 == 0 ? "atGap" : "atCompact") value=acquire
        +\(over)ms 1 task-cancel 0xa2 site=limit
        +\(over)ms 1 future-done 0xf2 value=cancelled
        +\(over)ms 1 task-resume 0xa2

        """
    }
    let last = 2 + tries * milliseconds
    events += """
      +\(last)ms 1 timer-arm 0xd1 object=0xa2 value=20
      +\(last)ms 1 task-wait-own 0 object=0xf3 site=atGap value=sleep
      +\(last)ms 1 loop-idle 0x1 value=20
      +\(last)ms 2 snapshot-begin 1 object=1000 value=stall

      """
    for who in reaching { events += "+\(last)ms 2 referrer 0xe1 object=\(who)\n" }
    events += """
      +\(last)ms 2 referrers 0xe1 object=\(reaching.count)
      +\(last)ms 2 snapshot-end 1 object=900 value=0
      +\(last + rest)ms 2 snapshot-begin 2 object=1000 value=signal

      """
    return try analyze(VerdictTests.places + events).report.findings
  }

  @Test func whoTriesForEverIsAsStuckAsIfItStayed() throws {
    let all = try findings()
    #expect(all.map(\.kind) == [.lockCycle])
    #expect(all.map(\.certainty) == [.likely])
    #expect(Set(all[0].parties.map(\.name)).isSuperset(of: ["Store.put", "Store.compact"]))
    #expect(
      all[0].headline.contains("12 times") || all[0].because.contains { $0.contains("12 times") })
  }

  @Test func aFewTriesAreNone() throws {
    #expect(try findings(tries: 9).isEmpty)
    #expect(try findings(tries: 12, milliseconds: 100).isEmpty)
  }

  @Test func aFewOverALongTimeAre() throws {
    #expect(try findings(tries: 4, milliseconds: 30_000).map(\.kind) == [.lockCycle])
  }

  @Test func whoWasAskedToEndByOthersDoesNotRetry() throws {
    #expect(try findings(by: "").isEmpty)
  }

  @Test func triesAtSeveralPlacesAreNotOneSeries() throws {
    #expect(try findings(elsewhere: true).isEmpty)
  }

  @Test func whoHasFoundSomethingElseToDoHasGivenUp() throws {
    #expect(try findings(rest: 2000).isEmpty)
  }

  /// It stands by, until the one that leads has gone.
  @Test func aHolderThatStaysForEverIsNotHeldUpByWhoTries() throws {
    #expect(try findings(reaching: []).isEmpty)
  }

  @Test func somebodyElseMayBringWhatTheHolderWaitsFor() throws {
    #expect(try findings(reaching: ["0xa2 value=task", "0 value=root"]).isEmpty)
  }
}
