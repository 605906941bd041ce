import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Child processes that wait for what only this process can do.
@Suite struct ChildTests {
  /// 'put' waits for child 700 to end; only the descriptor 8, which stands for the child, tells of that.
  private static let waits = """
    thread 2 tid=101 "coroner-watch"
    +1ms 1 io-register 7 object=0x1 value=read|listen
    +1ms 1 task-suspend 0xa0 object=0xa1 site=atMain
    +2ms 1 task-resume 0xa1
    +2ms 1 resource-create 0xd1 object=700 site=atPut value=process
    +2ms 1 io-register 8 object=0x1 value=read
    +2ms 1 wait-begin 0xa1 object=0xd1 site=atPut value=process
    +2ms 1 task-suspend 0xa1 object=0xf1 site=atPut
    +2ms 1 task-resume 0xa2
    +2ms 1 task-end 0xa2
    +3ms 1 loop-idle 0x1 value=none

    """

  private func findings(
    _ facts: String, before: String = "", complete: Bool = true, after: String = ""
  ) throws -> [Finding] {
    let snapshot = """
      \(before)
      +5000ms 2 snapshot-begin 1 object=5000 value=stall
      \(facts)
      +5001ms 2 snapshot-end 1 object=900 value=\(complete ? 0 : 1)
      \(after)

      """
    let trace = try TraceText.parse(VerdictTests.places + Self.waits + snapshot)
    return try analyze(trace).report.findings
      .filter { $0.severity != .note }
  }

  /// Child 700 writes into what is descriptor 9 here, and only 'put' can reach that.
  private static func blocked(_ link: String, reachedBy reacher: String = "0xa1 value=task")
    -> String
  {
    """
    +5001ms 2 process-wait 700 object=9 value=\(link)
    +5001ms 2 name 0x40000000000002bc value="make"
    +5001ms 2 process-wait 700 object=8 value=alone
    +5001ms 2 referrer 0x8000000000000009 object=8 value=descriptor
    +5001ms 2 referrer 0x8000000000000009 object=\(reacher)
    +5001ms 2 referrers 0x8000000000000009 object=2
    """
  }

  @Test(arguments: [("writes", "until its output is read"), ("reads", "for input")])
  func aChildAndItsParentWaitForEachOther(_ link: String, _ what: String) throws {
    let all = try findings(Self.blocked(link))
    #expect(all.map(\.kind) == [.pipeCycle])
    #expect(all.first?.certainty == .certain)
    #expect(
      all.first?.headline
        == "'Store.put' waits for the child process make (pid 700) to end, which waits \(what)")
  }

  @Test func aChildThatIsNotSeenToWaitRuns() throws {
    #expect(try findings("").isEmpty)
    #expect(try findings("+5001ms 2 process-wait 701 object=9 value=writes").isEmpty)
    #expect(try findings(Self.blocked("writes"), complete: false).isEmpty)
  }

  @Test func whatALoopWatchesIsRead() throws {
    let watched = "+4ms 1 io-register 9 object=0x1 value=read"
    #expect(try findings(Self.blocked("writes"), before: watched).isEmpty)
    let given = "\(watched)\n+5ms 1 io-unregister 9 object=0x1 value=read"
    let all = try findings(Self.blocked("writes"), before: given)
    #expect(all.count == 1)
    #expect(all.first?.because.contains { $0.contains("not read any more since") } == true)
  }

  @Test(arguments: ["0x7 value=descriptor", "0 value=root", "0xa2 value=task"])
  func whoeverMayYetReadIsNoCause(_ reacher: String) throws {
    #expect(try findings(Self.blocked("writes", reachedBy: reacher)).isEmpty)
  }

  @Test func theLoopsThreadMayBeWhatWaits() throws {
    let facts = """
      +5001ms 2 thread-wait 100 object=0x40000000000002bc site=atCompact value=process
      +5001ms 2 process-wait 700 object=9 value=writes
      +5001ms 2 referrer 0x8000000000000009 object=100 value=thread
      +5001ms 2 referrers 0x8000000000000009 object=1
      """
    let runs = "+4ms 1 loop-wake 0x1 value=1\n+4ms 1 task-create 0xa3 site=atMain value=compact\n"
    let all = try findings(facts, before: runs + "+4ms 1 task-resume 0xa3")
    #expect(all.map(\.kind) == [.pipeCycle])
    #expect(all.first?.marks.contains { $0.site.line == 24 && $0.role == .primary } == true)
    // A child that does something keeps the loop blocked all the same.
    let busy = "+5001ms 2 thread-wait 100 object=0x40000000000002bc site=atCompact value=process"
    #expect(
      try findings(busy, before: runs + "+4ms 1 task-resume 0xa3").map(\.kind) == [.blockedLoop])
  }

  @Test func whatAChildWillNotSendIsNoOutside() throws {
    // 'put' reads from descriptor 8, the output of child 700, which reads what only 'put' can write.
    let reads =
      "+5001ms 2 referrer 0xf1 object=8 value=descriptor\n+5001ms 2 referrers 0xf1 object=1\n"
    let trace = Self.waits.replacing(
      "0xd1 site=atPut value=process\n", with: "0xd2 site=atPut value=read\n")
    let snapshot = """
      +5000ms 2 snapshot-begin 1 object=5000 value=stall
      \(reads)\(Self.blocked("reads"))
      +5001ms 2 snapshot-end 1 object=900 value=0

      """
    let all = try analyze(VerdictTests.places + trace + snapshot).report.findings
    #expect(all.map(\.kind) == [.pipeCycle])
    #expect(all.first?.headline.contains("(pid 700) to write, which waits for input") == true)
  }
}

/// Threads that wait at connections of the process to itself.
@Suite struct ConnectionTests {
  /// 'compact' runs on the loop's thread, which waits in the kernel; 7 listens.
  private func findings(_ facts: String, watched: Bool = true) throws -> [Finding] {
    let trace = """
      thread 2 tid=101 "coroner-watch"
      +1ms 1 io-register \(watched ? 7 : 6) object=0x1 site=atMade value=read|listen
      +1ms 1 task-suspend 0xa0 object=0xa2 site=atMain
      +2ms 1 task-resume 0xa1
      +2ms 1 task-end 0xa1
      +3ms 1 task-resume 0xa2
      +5000ms 2 snapshot-begin 1 object=5000 value=stall
      \(facts)
      +5001ms 2 snapshot-end 1 object=900 value=0

      """
    return try analyze(VerdictTests.places + trace).report.findings
  }

  private static let calls = """
    +5001ms 2 io-peer 9 object=7
    +5001ms 2 name 0x8000000000000009 value="127.0.0.1:80"
    +5001ms 2 thread-wait 100 object=0x8000000000000009 site=atCompact value=read
    """

  @Test func aLoopThatAsksItsOwnServerWaitsForItself() throws {
    let all = try findings(Self.calls)
    #expect(all.map(\.kind) == [.loopSelfWait])
    #expect(all.first?.certainty == .certain)
    #expect(
      all.first?.headline
        == "'Store.compact' waits on the loop's own thread for an answer from 127.0.0.1:80, which "
        + "only that loop can give")
    #expect(all.first?.marks.contains { $0.site.line == 10 && $0.role == .secondary } == true)
  }

  @Test func aServerThatNoLoopWatchesIsAnother() throws {
    #expect(try findings(Self.calls, watched: false).map(\.kind) == [.blockedLoop])
  }

  @Test func whoeverMayYetAnswerLeavesTheLoopBlocked() throws {
    let root = """
      \(Self.calls)
      +5001ms 2 referrer 0x8000000000000007 object=0x70 value=timer
      +5001ms 2 referrers 0x8000000000000007 object=1
      +5001ms 2 timer-arm 0x70 value=600000
      """
    #expect(try findings(root).map(\.kind) == [.blockedLoop])
  }
}
