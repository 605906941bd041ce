import Findings
import Testing
import TraceFormat

@testable import Analysis

/// 'main' waits in a function for a future of nobody, in a program that goes on; another task has called that function
/// before.
@Suite struct EarlierCallTests {
  /// - Parameter earlier: where the other call waited, and where the task was next, if anywhere.
  private func findings(
    _ earlier: [String], outcome: String? = "value", waiting: String = "inTurn"
  ) throws -> [Finding] {
    var events = """
      site first app.py:12 Store.take
      site turn app.py:15 Store.take
      site later app.py:18 Store.take
      site retry app.py:31 retry
      site retried app.py:33 retry
      site serve app.py:50 Server.run
      stack inFirst first main
      stack inTurn turn main
      stack inLater later main
      stack wrappedSetup first retry main
      stack wrappedServe serve retried main
      stack wrapped put retry main
      +1ms 1 timer-arm 0xd1 value=100000
      +1ms 1 resource-create 0xf9 site=atMade value=future
      +1ms 1 task-suspend 0xa0 object=0xf9 site=\(waiting)
      +1ms 1 task-resume 0xa2
      +1ms 1 task-end 0xa2

      """
    for (number, stack) in earlier.enumerated() {
      let time = "+\(2 + number)ms 1"
      events += """
        \(time) task-resume 0xa1
        \(time) task-wait-own 0 object=0xf1 site=\(stack) value=sleep
        \(time) future-done 0xf1

        """
    }
    let last = "+\(2 + earlier.count)ms 1"
    events += """
      \(last) task-resume 0xa1
      \(last) \(outcome.map { "task-end 0xa1 value=\($0)" } ?? "task-wait-own 0 object=0xf1 site=atPut value=sleep")
      +9ms 1 loop-idle 0x1 value=60000
      +5000ms 2 snapshot-begin 1 object=1000 value=stall
      +5000ms 2 referrers 0xf9 object=0
      +5000ms 2 snapshot-end 1 object=900 value=0

      """
    return try analyze(VerdictTests.places + events).report.findings
      .filter { $0.severity != .note }
  }

  @Test func aCallThatCameBackSaysThatThisOneShould() throws {
    let all = try findings(["inLater"])
    #expect(all.map(\.kind) == [.orphanedFuture])
    #expect(all.first?.parties.map(\.name) == ["main"])
  }

  @Test func withoutOneItMayServeForEver() throws {
    #expect(try findings([]).isEmpty)
    #expect(try findings(["atPut"]).isEmpty)
  }

  /// What waits there is not known to come back from there.
  @Test func aCallThatWaitedAtTheSameLineSaysNothing() throws {
    #expect(try findings(["inTurn"]).isEmpty)
  }

  @Test func aCallThatWasCutShortSaysNothing() throws {
    #expect(try findings(["inLater"], outcome: "error").isEmpty)
    #expect(try findings(["inLater"], outcome: "cancelled").isEmpty)
  }

  @Test func aCallIsOverWhereItsTaskIsElsewhere() throws {
    #expect(
      try findings(["inLater", "atPut"], outcome: "cancelled").map(\.kind) == [.orphanedFuture])
    #expect(try findings(["inLater"], outcome: nil).map(\.kind) == [.orphanedFuture])
  }

  /// It came round, beyond the line at which the other one waits.
  @Test func aLoopWithinTheFunctionCounts() throws {
    #expect(
      try findings(["inLater", "inTurn"], outcome: "cancelled").map(\.kind) == [.orphanedFuture])
    #expect(try findings(["inFirst", "inTurn"], outcome: "cancelled").isEmpty)
  }

  /// Who runs what it is given runs what ends and what does not.
  @Test func callsOfAWrapperSayNothing() throws {
    #expect(try findings(["wrappedSetup"], waiting: "wrappedServe").isEmpty)
    #expect(try findings(["wrapped"], waiting: "wrappedServe").isEmpty)
  }
}
