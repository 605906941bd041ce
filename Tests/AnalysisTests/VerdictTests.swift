import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Small traces in text form and the verdict on each: what fires, the near miss that stays silent, and
/// the lossy trace whose verdict is weaker.
@Suite struct VerdictTests {
  static let places = """
    site main app.py:40 main
    site put app.py:17 Store.put
    site compact app.py:24 Store.compact
    site made app.py:10 Store.__init__
    stack atMain main
    stack atPut put
    stack atCompact compact
    stack atMade made
    thread 1 tid=100 "MainThread"
    +1ms 1 task-create 0xa0 site=atMain value=main object=1
    +1ms 1 loop-start 0x1
    +1ms 1 task-resume 0xa0
    +1ms 1 task-create 0xa1 site=atMain value=put object=2
    +1ms 1 task-create 0xa2 site=atMain value=compact object=3

    """
  /// The loop goes to sleep without a limit and never wakes.
  static let atRest = "\n+9ms 1 loop-idle 0x1 value=none\n"

  private func findings(
    _ events: String, losing: UInt64 = 0, atRest: String = Self.atRest
  ) throws -> [Finding] {
    var trace = try TraceText.parse(Self.places + events + "\n" + atRest + "\n")
    trace.header.lostEvents = losing
    return try analyze(trace).report.findings
  }

  static let twoLocks = """
    +1ms 1 resource-create 0xb1 object=1 site=atMade value=lock
    +1ms 1 resource-create 0xb2 object=1 site=atMade value=lock
    +1ms 1 task-suspend 0xa0 object=0xa1 site=atMain
    +2ms 1 task-resume 0xa1
    +2ms 1 acquired 0xb1 site=atPut
    +2ms 1 task-suspend 0xa1
    +2ms 1 task-resume 0xa2
    +2ms 1 acquired 0xb2 site=atCompact
    +3ms 1 wait-begin 0xa2 object=0xb1 site=atCompact value=acquire
    +3ms 1 task-suspend 0xa2 object=0xf1 site=atCompact
    +3ms 1 task-resume 0xa1

    """

  @Test func twoTasksThatHoldEachOthersLockAreALockCycle() throws {
    let all = try findings(
      Self.twoLocks + """
        +4ms 1 wait-begin 0xa1 object=0xb2 site=atPut value=acquire
        +4ms 1 task-suspend 0xa1 object=0xf2 site=atPut
        """)
    let finding = try #require(all.first)
    #expect(all.count == 1)
    #expect(finding.kind == .lockCycle)
    #expect(finding.certainty == .certain)
    #expect(Set(finding.parties.map(\.name)) == ["Store.put", "Store.compact"])
    #expect(finding.behind.map(\.name) == ["main"])
    // The table reads as a closed chain.
    #expect(finding.edges[0].to == finding.edges[1].from)
    #expect(finding.edges[1].to == finding.edges[0].from)
  }

  @Test func lostEventsWeakenTheVerdict() throws {
    let all = try findings(
      Self.twoLocks + """
        +4ms 1 wait-begin 0xa1 object=0xb2 site=atPut value=acquire
        +4ms 1 task-suspend 0xa1 object=0xf2 site=atPut
        """, losing: 3)
    #expect(all.map(\.certainty) == [.likely])
  }

  @Test func aHolderThatSleepsIsNoDeadlock() throws {
    let all = try findings(
      Self.twoLocks + """
        +4ms 1 wait-begin 0xa1 site=atPut value=sleep
        +4ms 1 task-suspend 0xa1 object=0xf2 site=atPut
        """)
    #expect(all.isEmpty)
  }

  @Test func aTimeoutThatCanCancelOneOfTheTasksIsNoDeadlock() throws {
    let all = try findings(
      Self.twoLocks + """
        +4ms 1 timer-arm 0xd1 object=0xa1 value=60000
        +4ms 1 wait-begin 0xa1 object=0xb2 site=atPut value=acquire
        +4ms 1 task-suspend 0xa1 object=0xf2 site=atPut
        """)
    #expect(all.isEmpty)
  }

  @Test func aLockThatItsHolderTakesAgainIsASelfDeadlock() throws {
    let all = try findings(
      """
      +1ms 1 resource-create 0xb1 object=1 site=atMade value=lock
      +2ms 1 acquired 0xb1 site=atPut
      +3ms 1 wait-begin 0xa0 object=0xb1 site=atMain value=acquire
      +3ms 1 task-suspend 0xa0 object=0xf1 site=atMain
      +4ms 1 task-resume 0xa1
      +4ms 1 task-end 0xa1 value=value
      +4ms 1 task-resume 0xa2
      +4ms 1 task-end 0xa2 value=value
      """)
    #expect(all.map(\.kind) == [.selfDeadlock])
  }

  @Test func aLockWhoseHolderEndedIsAbandoned() throws {
    let all = try findings(
      """
      +1ms 1 resource-create 0xb1 object=1 site=atMade value=lock
      +2ms 1 task-suspend 0xa0 object=0xa2 site=atMain
      +2ms 1 task-resume 0xa1
      +2ms 1 acquired 0xb1 site=atPut
      +3ms 1 task-end 0xa1 value=error object="KeyError"
      +3ms 1 task-resume 0xa2
      +3ms 1 wait-begin 0xa2 object=0xb1 site=atCompact value=acquire
      +3ms 1 task-suspend 0xa2 object=0xf1 site=atCompact
      """)
    #expect(all.map(\.kind) == [.abandonedLock])
  }

  static let futureOfNobody = """
    +1ms 1 resource-create 0xf1 site=atMade value=future
    +2ms 1 task-suspend 0xa0 object=0xa1 site=atMain
    +2ms 1 task-resume 0xa1
    +3ms 1 task-suspend 0xa1 object=0xf1 site=atPut
    +3ms 1 task-resume 0xa2

    """

  @Test func aFutureThatNothingIsLeftToResolveIsAnOrphan() throws {
    let all = try findings(Self.futureOfNobody + "+4ms 1 task-end 0xa2 value=value")
    #expect(all.map(\.kind) == [.orphanedFuture])
    #expect(all.first?.certainty == .likely)
  }

  @Test func aFutureBesideATaskThatSleepsMayStillBeResolved() throws {
    let all = try findings(
      Self.futureOfNobody + """
        +4ms 1 wait-begin 0xa2 site=atCompact value=sleep
        +4ms 1 task-suspend 0xa2 object=0xf2 site=atCompact
        """)
    #expect(all.isEmpty)
  }

  @Test func aServerThatWaitsForItsFirstClientIsIdle() throws {
    let all = try findings(
      Self.futureOfNobody + """
        +4ms 1 io-register 7 object=0x1 value=read|listen
        +4ms 1 task-end 0xa2 value=value
        """)
    #expect(all.isEmpty)
  }

  @Test func aThreadThatWaitsForWorkOfItsOwnLoopWaitsForItself() throws {
    let all = try findings(
      """
      +2ms 1 resource-create 0xc1 site=atPut value=concurrent-future
      +2ms 1 loop-wakeup 0x1
      +3ms 1 block-begin 0xc1 object=none site=atPut value=result
      """, atRest: "")
    #expect(all.map(\.kind).first == .loopSelfWait)
  }

  @Test func aFreeLockThatIsWaitedForIsHeldUnseen() throws {
    let all = try findings(
      """
      +1ms 1 resource-create 0xb1 object=1 site=atMade value=lock
      +2ms 1 task-suspend 0xa0 object=0xa1 site=atMain
      +2ms 1 task-resume 0xa1
      +3ms 1 task-wait-own 0xb1 object=0xf1 site=atPut value=acquire
      +4ms 1 task-resume 0xa2
      +4ms 1 task-end 0xa2
      """)
    #expect(all.map(\.certainty) == [.likely])
  }

  @Test(arguments: [true, false]) func aLoopThatFellSilentIsCertainIfItWasSeen(_ isSeen: Bool)
    throws
  {
    let seen = "+2s 9 stack-sample 100 object=1990 site=atPut\n"
    let all = try findings(
      "+2ms 1 task-suspend 0xa0 object=0xa1 site=atMain\n+3ms 1 task-resume 0xa1\n",
      atRest: (isSeen ? seen : "") + "+3s 9 thread-start 109")
    #expect(all.first?.kind == .blockedLoop)
    #expect(all.first?.certainty == (isSeen ? .certain : .likely))
  }

  @Test func tasksThatAwaitEachOtherAreAnAwaitCycle() throws {
    let all = try findings(
      """
      +2ms 1 task-suspend 0xa0 object=0xa1 site=atMain
      +2ms 1 task-resume 0xa1
      +2ms 1 task-suspend 0xa1 object=0xa2 site=atPut
      +2ms 1 task-resume 0xa2
      +2ms 1 task-suspend 0xa2 object=0xa1 site=atCompact
      """)
    #expect(all.map(\.kind) == [.awaitCycle])
    #expect(all.first?.certainty == .certain)
  }

  @Test func namesComeFromTheLineThatMadeTheLock() {
    #expect(AssignedNames.ofAssignment("        self.cache_lock = asyncio.Lock()") == "cache_lock")
    #expect(AssignedNames.ofAssignment("lock: asyncio.Lock = asyncio.Lock()") == "lock")
    #expect(
      AssignedNames.ofTuple("  self.a, b = asyncio.Lock(), Queue(maxsize=min(1, 2))") == ["a", "b"])
    #expect(AssignedNames.ofTuple("a, b = asyncio.Lock(), loop.create_future()") == nil)
    #expect(AssignedNames.ofTuple("a, b[0] = asyncio.Lock(), asyncio.Lock()") == nil)
    #expect(AssignedNames.ofAssignment("if a == asyncio.Lock():") == nil)
    #expect(AssignedNames.ofAssignment("pool = {") == "pool")
    #expect(AssignedNames.ofAssignment("locks[name] = asyncio.Lock()") == nil)
    #expect(AssignedNames.ofAssignment("if cls.lock is None: cls.lock = asyncio.Lock()") == "lock")
    #expect(AssignedNames.ofAssignment("def take(lock: Lock = asyncio.Lock()):") == nil)
  }

  @Test func theColumnTellsTheElementOfATuple() {
    let line = "    self.a, b, done = asyncio.Queue(5), make(1, 2), []"
    #expect(AssignedNames.ofElement(at: 23, of: line) == "a")
    #expect(AssignedNames.ofElement(at: 41, of: line) == "b")
    #expect(AssignedNames.ofElement(at: 41, of: "f(a, b) == g(c), [\"é\"], asyncio.Lock()") == nil)
    #expect(AssignedNames.ofElement(at: 400, of: line) == nil)
  }

  @Test func theColumnTellsTheStatementOfALine() {
    let line = "q = asyncio.Queue(2); done = asyncio.Event()"
    #expect(AssignedNames.ofAssignment(AssignedNames.statement(at: 5, of: line)) == "q")
    #expect(AssignedNames.ofAssignment(AssignedNames.statement(at: 30, of: line)) == "done")
    #expect(AssignedNames.statement(at: 300, of: line) == line)
  }

  @Test func tasksOfOneNameAreTold() throws {
    let all = try findings(
      """
      +1ms 1 name 0xa1 value="get"
      +1ms 1 name 0xa2 value="get"
      +1ms 1 resource-create 0xe1 site=atMade value=event
      +1ms 1 resource-create 0xe2 site=atMade value=event
      +1ms 1 task-end 0xa0
      +2ms 1 task-resume 0xa1
      +2ms 1 wait-begin 0xa1 object=0xe1 site=atPut value=event-wait
      +2ms 1 task-suspend 0xa1 object=0xf1 site=atPut
      +2ms 1 task-resume 0xa2
      +2ms 1 wait-begin 0xa2 object=0xe2 site=atPut value=event-wait
      +2ms 1 task-suspend 0xa2 object=0xf2 site=atPut
      """)
    #expect(Set(all.flatMap { $0.parties.map(\.name) }) == ["get #1", "get #2"])
  }

  @Test(arguments: [(4000, 0), (6000, 1)])
  func aLongWaitForAPeerIsSaidAsANote(_ milliseconds: Int, _ count: Int) throws {
    let all = try findings(
      """
      +1ms 1 task-suspend 0xa0 object=0xa1 site=atMain
      +2ms 1 task-resume 0xa1
      +2ms 1 wait-begin 0xa1 object=0xc1 site=atPut value=read
      +2ms 1 task-suspend 0xa1 object=0xf1 site=atPut
      +2ms 1 task-resume 0xa2
      +2ms 1 task-end 0xa2
      +3ms 1 loop-idle 0x1 value=none
      +\(milliseconds)ms 1 loop-wake 0x1
      """, atRest: "+\(milliseconds)ms 1 loop-idle 0x1 value=none")
    #expect(all.map(\.kind) == Array(repeating: .externalWait, count: count))
    #expect(all.allSatisfy { $0.severity == .note })
  }

  @Test(arguments: [(4500, 0), (8000, 1)])
  func aCallThatDoesNotComeBackIsSaidAsANote(_ milliseconds: Int, _ count: Int) throws {
    let all = try findings(
      """
      site work app.py:31 work
      site end /lib/base_events.py:598 shutdown_default_executor runtime
      stack atEnd end
      stack atWork work
      thread 2 tid=102 "worker"
      thread 3 tid=103 "coroner-watch"
      +1ms 1 resource-create 0xd1 site=atMain value=concurrent-future
      +1ms 1 job-queue 0xd1 object=0xe1 site=atMain value=work
      +1ms 1 depends 0xf1 object=0xd1 value=all
      +2ms 2 job-start 0xd1
      +2ms 1 task-suspend 0xa0 object=0xf1 site=atEnd
      +2ms 1 task-resume 0xa1
      +2ms 1 task-end 0xa1
      +2ms 1 task-resume 0xa2
      +2ms 1 task-end 0xa2
      +3ms 1 loop-idle 0x1 value=none
      +4000ms 3 snapshot-begin 1 object=5000 value=stall
      +4000ms 3 thread-wait 102 site=atCompact
      +4001ms 3 snapshot-end 1 object=900 value=0
      """, atRest: "+\(milliseconds)ms 3 thread-start 103")
    #expect(all.map(\.kind) == Array(repeating: .externalWait, count: count))
    #expect(all.first?.headline.contains("has not come back for 8.00 s") != false)
  }

  @Test(arguments: [("atPut", 0), ("inCall", 1)])
  func whoLooksAgainAndAgainIsSaidAsANote(_ stack: String, _ count: Int) throws {
    let rounds = (0..<30).map { round in
      """
      +\(200 * round + 4)ms 1 task-resume 0xa1
      +\(200 * round + 4)ms 1 timer-arm 0xcd object=0xfd value=\(200 * round + 204)
      +\(200 * round + 5)ms 1 task-wait-own 0 object=0xfd site=\(stack) value=sleep
      +\(200 * round + 5)ms 1 loop-idle 0x1 value=199
      +\(200 * round + 204)ms 1 loop-wake 0x1 value=1
      +\(200 * round + 204)ms 1 future-done 0xfd
      """
    }
    let all = try findings(
      """
      stack inCall made put
      +2ms 1 task-suspend 0xa0 object=0xa1 site=atMain
      +3ms 1 task-resume 0xa2
      +3ms 1 task-end 0xa2
      """ + "\n" + rounds.joined(separator: "\n"),
      atRest: rounds.last!.split(separator: "\n")[0..<4]
        .joined(separator: "\n").replacing("+58", with: "+60"))
    #expect(all.map(\.kind) == Array(repeating: .externalWait, count: count), "\(all)")
    #expect(all.first?.headline.contains("looked again 3") != false)
  }
}
