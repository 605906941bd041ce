import Findings
import Testing
import TraceFormat

@testable import Analysis

/// What those that used to end a wait tell about one that goes on.
@Suite struct HeirTests {
  /// 'main' takes what 'put' puts, while a server listens. The queue could be reached through a module.
  private static let queue = """
    +1ms 1 io-register 7 object=0x1 value=read|listen
    +1ms 1 resource-create 0xe1 site=atMade value=queue
    +2ms 1 wait-begin 0xa0 object=0xe1 site=atMain value=queue-get
    +2ms 1 task-suspend 0xa0 object=0xf0 site=atMain
    +2ms 1 task-resume 0xa1
    +2ms 1 queue-put 0xe1 site=atPut value=1
    +2ms 1 future-done 0xf0 site=atPut

    """
  private static let takes = """
    +3ms 1 task-resume 0xa0
    +3ms 1 queue-got 0xe1 site=atMain
    +3ms 1 wait-begin 0xa0 object=0xe1 site=atMain value=queue-get
    +3ms 1 task-suspend 0xa0 object=0xf1 site=atMain

    """
  private static let fails =
    "+2ms 1 task-end 0xa1 object=\"KeyError\" site=atPut value=error\n" + takes
  /// 'compact' pauses now and then: at first before the failure.
  private static let pause = """
    +1ms 1 task-resume 0xa2
    +1ms 1 wait-begin 0xa2 site=atCompact value=sleep
    +1ms 1 task-suspend 0xa2 object=0xf8 site=atCompact

    """
  private static let idle = """
    +3ms 1 task-resume 0xa2
    +3ms 1 wait-begin 0xa2 site=atCompact value=sleep
    +3ms 1 task-suspend 0xa2 object=0xf9 site=atCompact
    +4ms 1 timer-arm 0xcc object=0xf9 value=60000
    +4ms 1 loop-idle 0x1 value=60000

    """
  private static let snapshot = """
    +5000ms 1 snapshot-begin 1 object=5000 value=stall
    +5001ms 1 referrer 0xe1 object=0 value=root
    +5001ms 1 referrers 0xe1 object=1
    +5001ms 1 snapshot-end 1 object=900 value=0

    """

  private func findings(_ events: String) throws -> [Finding] {
    let trace = try TraceText.parse(VerdictTests.places + events)
    return try analyze(trace).report.findings
  }

  @Test func aQueueWhoseOnlyProducerFailedIsProbablyNeverFilled() throws {
    let all = try findings(Self.pause + Self.queue + Self.fails + Self.idle + Self.snapshot)
    #expect(all.map(\.kind) == [.queueNoProducer])
    #expect(all.first?.certainty == .likely)
    #expect(all.first?.headline.contains("'Store.put' ended with KeyError") == true)
  }

  /// The same, of which a bounded trace has only the key frame: what 'put' has put, and what there is of habits.
  private func keptFindings(_ habits: String) throws -> [Finding] {
    let queue = """
      +1ms 1 io-register 7 object=0x1 value=read|listen
      +1ms 1 resource-create 0xe1 site=atMade value=queue
      +2ms 1 task-resume 0xa1
      +2ms 1 queue-put 0xe1 site=atPut value=1
      \(habits)
      +2ms 1 task-end 0xa1 object="KeyError" site=atPut value=error
      +3ms 1 task-resume 0xa0
      +3ms 1 wait-begin 0xa0 object=0xe1 site=atMain value=queue-get
      +3ms 1 task-suspend 0xa0 object=0xf1 site=atMain

      """
    // 'compact' came round twice since.
    let round = Self.idle.replacing("+3ms", with: "+1010ms").replacing("+4ms", with: "+1011ms")
    let again = round.replacing("+10", with: "+20")
    var trace = try TraceText.parse(
      VerdictTests.places + Self.pause + queue + Self.idle + round + again + Self.snapshot)
    trace.header.keptFrom = TraceInstant(nanoseconds: 1_000_000_000)
    return try analyze(trace).report.findings
  }
  private static func habit(flags: UInt64) -> String {
    "+2ms 1 habit atMade object=\(flags << 56 | 3) site=atPut value=queue"
  }

  @Test func aKeyFrameHasHabits() throws {
    let others: UInt64 = 2
    let all = try keptFindings("+2ms 1 habit %0\n" + Self.habit(flags: others))
    #expect(all.map(\.kind) == [.queueNoProducer])
    #expect(all.first?.certainty == .likely)
  }

  /// Those of a recorder that keeps none, or not all; of a task that somebody watches; where others did it, too.
  @Test(arguments: [
    "", habit(flags: 2), "+2ms 1 habit %0\n" + habit(flags: 2 | 8),
    "+2ms 1 habit %0\n" + habit(flags: 2 | 1),
  ])
  func habitsOfAKeyFrameMayNotBeEnough(habits: String) throws {
    #expect(try keptFindings(habits).isEmpty)
  }

  @Test func beforeASnapshotNothingIsKnown() throws {
    #expect(try findings(Self.pause + Self.queue + Self.fails + Self.idle).isEmpty)
  }

  @Test func aProducerThatEndedWellMayHaveSuccessors() throws {
    let ends = "+2ms 1 task-end 0xa1\n" + Self.takes
    #expect(try findings(Self.pause + Self.queue + ends + Self.idle + Self.snapshot).isEmpty)
  }

  @Test func whoWaitedForTheProducerKnowsOfItsFailure() throws {
    let watched =
      "+1ms 1 task-resume 0xa2\n+1ms 1 task-suspend 0xa2 object=0xa1 site=atCompact\n"
    #expect(
      try findings(Self.pause + watched + Self.queue + Self.fails + Self.idle + Self.snapshot)
        .isEmpty)
  }

  @Test func whoStartedTheProducerMayStartAnother() throws {
    let started = """
      +1ms 1 task-resume 0xa2
      +1ms 1 task-create 0xa1 site=atCompact value=put object=2
      +1ms 1 task-suspend 0xa2

      """
    #expect(
      try findings(Self.pause + started + Self.queue + Self.fails + Self.idle + Self.snapshot)
        .isEmpty)
  }

  @Test func aTimerArmedAfterTheFailureMayStartAnother() throws {
    let timer = "+3ms 1 timer-arm 0xcd object=0 value=30000\n"
    #expect(
      try findings(Self.pause + Self.queue + Self.fails + timer + Self.idle + Self.snapshot).isEmpty
    )
  }

  @Test func whoPausesSinceBeforeTheFailureMayStartAnother() throws {
    let pauses = "+1ms 1 timer-arm 0xcc object=0xf8 value=60000\n"
    #expect(
      try findings(Self.pause + pauses + Self.queue + Self.fails + Self.snapshot).isEmpty)
  }

  @Test(arguments: [
    "wait-begin 0xa2 site=atPut value=sleep", "wait-begin 0xa2 site=atCompact value=connect",
  ]) func whoDoesWhatItNeverDidMayMendIt(_ wait: String) throws {
    let reacts =
      "+3ms 1 task-resume 0xa2\n+3ms 1 \(wait)\n+3ms 1 task-suspend 0xa2 object=0xf9 site=atPut\n"
    #expect(
      try findings(
        Self.pause + Self.queue + Self.fails + reacts + Self.idle.replacing("+3ms", with: "+4ms")
          + Self.snapshot
      ).isEmpty)
  }

  @Test func workersThatIdleAreNoFault() throws {
    let moved =
      Self.queue.replacing("0xa0", with: "0xa2") + Self.fails.replacing("0xa0", with: "0xa2")
    #expect(try findings(moved + Self.snapshot).isEmpty)
  }
}
