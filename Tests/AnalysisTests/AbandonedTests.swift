import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Futures whose maker was cancelled, in a program that goes on.
@Suite struct AbandonedTests {
  /// Three tasks resolve what they made; the one that made 0xf9 is cancelled, and 'put' waits for it.
  private func findings(
    resolver: String = "0xa3", limit: String = "", seconds: Int = 40
  ) throws -> [Finding] {
    var trace =
      VerdictTests.places + """
        site load app.py:31 Store.load
        stack atLoad load
        +1ms 1 task-suspend 0xa0 object=0xfe site=atMain
        +1ms 1 timer-arm 0xce object=0xfe value=100000
        +1ms 1 task-resume 0xa2
        +1ms 1 task-end 0xa2

        """
    for number in 3...6 {
      let time = "+\(number)ms 1"
      trace += """
        \(time) task-create 0xa\(number) site=atMain value=load object=\(number)
        \(time) task-resume 0xa\(number)
        \(time) resource-create 0xf\(number) site=atMade value=future
        \(time) task-suspend 0xa\(number) object=0xd\(number) site=atLoad

        """
      guard number < 6 else { break }
      let other = number == 3 && resolver != "0xa3"
      trace += """
        \(time) future-done 0xd\(number) value=value
        \(time) task-resume \(other ? resolver : "0xa\(number)")
        \(time) future-done 0xf\(number) value=value
        \(time) \(other ? "task-suspend \(resolver) object=0xdd" : "task-end 0xa\(number)") site=atLoad

        """
    }
    trace += """
      +8ms 1 task-resume 0xa1
      +8ms 1 task-cancel 0xa6 site=atPut
      +8ms 1 task-suspend 0xa1 object=0xf6 site=atPut
      \(limit)
      +9ms 1 task-resume 0xa6
      +9ms 1 task-end 0xa6 value=cancelled
      +10ms 1 loop-idle 0x1 value=60000
      +\(seconds)s 1 loop-wake 0x1
      +\(seconds)s 1 loop-idle 0x1 value=60000

      """
    trace = trace.replacing("+\(seconds)s", with: "+\(seconds)000ms")
    return try analyze(trace).report.findings
  }

  @Test func aFutureOfACancelledTaskIsOrphaned() throws {
    let all = try findings()
    #expect(all.map(\.kind) == [.orphanedFuture])
    #expect(all.first?.certainty == .likely)
    #expect(all.first?.because.contains { $0.contains("each by the task that made it") } == true)
  }

  @Test func othersThatResolvedOneMayResolveThis() throws {
    #expect(try findings(resolver: "0xa1").isEmpty)
  }

  @Test func aWaitWithALimitEndsByItself() throws {
    #expect(try findings(limit: "+8ms 1 timer-arm 0xcc object=0xa1 value=90000").isEmpty)
  }

  @Test func whatClearsUpHasSomeTime() throws { #expect(try findings(seconds: 20).isEmpty) }
}
