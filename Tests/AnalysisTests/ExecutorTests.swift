import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Tasks that get their turns from executors: pools with so many threads, and actors that run one task at a
/// time. In all traces `main` awaits `put` and `compact` on the main actor's thread.
@Suite struct ExecutorTests {
  static let places = """
    process 100
    site main app.swift:40 Main.main()
    site put app.swift:17 Store.put()
    site compact app.swift:24 Store.compact()
    site made app.swift:10 Store.init()
    stack atMain main
    stack atPut put
    stack atCompact compact
    stack atMade made
    thread 1 tid=100 "app"
    thread 2 tid=102 "app"
    thread 3 tid=103 "app"
    thread 9 tid=109 "coroner-drain"
    fact runtime "Swift 6.3.1"
    +0ms 1 resource-create 0xe1 object=2 value=executor
    +0ms 1 name 0xe1 value="pool (medium)"
    +0ms 1 resource-create 0xac value=actor
    +0ms 1 name 0xac value="MainActor"
    +0ms 1 thread-bind 0xac
    +0ms 1 resource-create 0xab value=actor
    +0ms 1 name 0xab value="Bank"
    +0ms 1 resource-create 0xb1 value=thread-lock object=1 site=atMade
    +0ms 1 name 0xb1 value="journal"
    +0ms 1 resource-create 0xb2 value=thread-lock object=1 site=atMade
    +0ms 1 name 0xb2 value="cache"
    +0ms 1 task-create 0xa0 site=atMain value=main
    +0ms 1 name 0xa0 value="main"
    +0ms 1 task-ready 0xa0 object=0xac
    +1ms 1 task-resume 0xa0 object=0xac
    +1ms 1 task-create 0xa1 site=atMain value=put
    +1ms 1 name 0xa1 value="put"
    +1ms 1 task-create 0xa2 site=atMain value=compact
    +1ms 1 name 0xa2 value="compact"

    """
  static let mainAwaits = "+1ms 1 task-suspend 0xa0 object=0xa1 site=atMain\n"
  static let bothRun = """
    +2ms 1 task-ready 0xa1 object=0xe1
    +2ms 1 task-ready 0xa2 object=0xe1
    +2ms 2 task-resume 0xa1 object=0xe1
    +2ms 3 task-resume 0xa2 object=0xe1

    """

  private func findings(_ events: String) throws -> [Finding] {
    let trace = try TraceText.parse(Self.places + events + "\n+2000ms 9 thread-start 109\n")
    return try analyze(trace).report.findings
  }

  private func names(_ all: [Finding]) -> Set<String> {
    Set(all.first.map { $0.parties.map(\.name) } ?? [])
  }
  private func resources(_ all: [Finding]) -> Set<String> {
    Set(all.first.map { $0.resources.map(\.name) } ?? [])
  }

  @Test func threadsOfTasksThatHoldEachOthersLockAreALockCycle() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + """
        +3ms 2 acquired 0xb1 site=atPut
        +3ms 3 acquired 0xb2 site=atCompact
        +4ms 2 block-begin 0xb2 object=none site=atPut value=acquire
        +4ms 3 block-begin 0xb1 object=none site=atCompact value=acquire
        """)
    #expect(all.map(\.kind) == [.lockCycle])
    #expect(all.first?.certainty == .certain)
    #expect(names(all) == ["put", "compact"])
    #expect(all.first?.behind.map(\.name) == ["main"])
  }

  @Test func aTaskThatIsReadyIsNotStuckByTheThreadItRanOn() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + """
        +3ms 2 task-suspend 0xa1 object=0xf1 site=atPut
        +4ms 2 resource-create 0xf2 value=future site=atMade
        +4ms 2 task-ready 0xa1 object=0xe1
        +5ms 2 block-begin 0xb1 object=none site=atMain value=acquire
        +5ms 3 task-end 0xa2 value=value
        """)
    #expect(all.isEmpty)
  }

  @Test func tasksThatAwaitEachOtherWithoutAnyLoopAreAnAwaitCycle() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + """
        +3ms 2 task-suspend 0xa1 object=0xa2 site=atPut
        +3ms 3 task-suspend 0xa2 object=0xa1 site=atCompact
        """)
    #expect(all.map(\.kind) == [.awaitCycle])
    #expect(all.first?.certainty == .certain)
  }

  static let neverResumed = """
    +3ms 2 resource-create 0xf1 value=future site=atPut
    +3ms 2 task-suspend 0xa1 object=0xf1 site=atPut

    """

  @Test func aContinuationInAProcessAtRestIsAnOrphan() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + Self.neverResumed + "+4ms 3 task-end 0xa2 value=value")
    #expect(all.map(\.kind) == [.orphanedFuture])
    #expect(all.first?.certainty == .likely)
    #expect(all.first?.behind.map(\.name) == ["main"])
  }

  @Test(arguments: [
    "+4ms 3 wait-begin 0xa2 value=sleep\n+4ms 3 task-suspend 0xa2 site=atCompact",
    "+4ms 3 timer-arm 77 value=100000\n+4ms 3 task-end 0xa2",
    "+4ms 3 io-register 7 value=read|listen\n+4ms 3 task-end 0xa2",
    "+4ms 3 task-suspend 0xa2 site=atCompact\n+4ms 3 task-ready 0xa2 object=0xe1",
    "+4ms 3 task-suspend 0xa2 site=atCompact", "",
  ])
  func aContinuationBesideWhatMayGoOnIsNone(_ events: String) throws {
    let all = try findings(Self.mainAwaits + Self.bothRun + Self.neverResumed + events)
    #expect(all.isEmpty)
  }

  @Test func anActorWhoseTaskWantsTheLockOfOneThatWantsTheActorIsALockCycle() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + """
        +3ms 2 acquired 0xb1 site=atPut
        +3ms 2 task-suspend 0xa1 site=atPut
        +4ms 3 task-suspend 0xa2 site=atCompact
        +4ms 3 task-ready 0xa2 object=0xab
        +4ms 3 task-resume 0xa2 object=0xab
        +5ms 3 block-begin 0xb1 object=none site=atCompact value=acquire
        +6ms 2 task-ready 0xa1 object=0xab
        """)
    #expect(all.map(\.kind) == [.lockCycle])
    #expect(all.first?.certainty == .certain)
    #expect(resources(all) == ["journal", "actor Bank"])
    #expect(all.first?.edges.allSatisfy { $0.relation == "held by" } == true)
  }

  @Test func aTurnOfAnActorThatNobodyHasComes() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + """
        +4ms 3 task-end 0xa2
        +4ms 2 task-suspend 0xa1 site=atPut
        +4ms 2 task-ready 0xa1 object=0xab
        """)
    #expect(all.isEmpty)
  }

  @Test func aLockHeldAcrossAnAwaitOfTheMainActorStopsIt() throws {
    let all = try findings(
      """
      +2ms 1 task-suspend 0xa0 object=0xa1 site=atMain
      +2ms 1 task-ready 0xa1 object=0xac
      +2ms 1 task-ready 0xa2 object=0xac
      +3ms 1 task-resume 0xa1 object=0xac
      +3ms 1 acquired 0xb1 site=atPut
      +3ms 1 wait-begin 0xa1 value=sleep site=atPut
      +3ms 1 task-suspend 0xa1 site=atPut
      +4ms 1 task-resume 0xa2 object=0xac
      +5ms 1 block-begin 0xb1 object=none site=atCompact value=acquire
      +9ms 2 task-ready 0xa1 object=0xac
      """)
    #expect(all.map(\.kind) == [.suspendedHolder])
    #expect(names(all) == ["put", "compact"])
  }

  static let poolFull = """
    +3ms 1 resource-create 0xc1 value=semaphore site=atPut
    +3ms 1 resource-create 0xc2 value=semaphore site=atPut
    +4ms 2 task-create 0xa3 site=atPut value=made
    +4ms 2 name 0xa3 value="query"
    +4ms 2 task-ready 0xa3 object=0xe1
    +4ms 2 block-begin 0xc1 object=none site=atPut value=acquire

    """

  @Test func aPoolAllOfWhoseThreadsBlockStarvesWhatIsQueued() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + Self.poolFull
        + "+5ms 3 block-begin 0xc2 object=none site=atPut value=acquire")
    #expect(all.map(\.kind) == [.poolStarvation])
    #expect(names(all).isSuperset(of: ["put", "query"]))
  }

  @Test func aPoolWithAFreeThreadDoesNotStarve() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + Self.poolFull + "+5ms 3 task-end 0xa2")
    #expect(all.isEmpty)
  }

  @Test func whoBlocksTheMainActorForItsOwnWorkWaitsForItself() throws {
    let all = try findings(
      """
      +2ms 1 task-ready 0xa1 object=0xac
      +2ms 2 task-resume 0xa2 object=0xe1
      +2ms 2 task-end 0xa2
      +2ms 1 resource-create 0xc1 value=semaphore site=atMain
      +3ms 1 block-begin 0xc1 object=none site=atMain value=acquire
      """)
    #expect(all.map(\.kind) == [.loopSelfWait])
    #expect(names(all) == ["main", "put"])
  }

  @Test func queuesThatCallEachOtherAreALockCycle() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + """
        +2ms 2 resource-create 0xd1 value=actor
        +2ms 2 resource-create 0xd2 value=actor
        +3ms 2 acquired 0xd1 site=atPut
        +3ms 3 acquired 0xd2 site=atCompact
        +4ms 2 block-begin 0xd2 object=none site=atPut value=acquire
        +4ms 3 block-begin 0xd1 object=none site=atCompact value=acquire
        """)
    #expect(all.map(\.kind) == [.lockCycle])
    #expect(all.first?.edges.count == 2)
  }

  enum Beside: CaseIterable { case nothing, signalledByAThread, busy, brief, noTasks }

  @Test(arguments: Beside.allCases)
  func aPoolThatWaitsForItsOwnTasksIsStarvedWhateverElseGoesOn(_ beside: Beside) throws {
    let signalled = """
      +3ms 2 resource-create 0xc7 object=0 value=semaphore
      +3ms 2 block-begin 0xc7 object=none site=atPut value=acquire
      +4ms 9 released 0xc7
      +5ms 2 block-end 0xc7

      """
    let children = """
      +5ms 2 task-create 0xa8 site=atPut value=put
      +5ms 2 task-ready 0xa8 object=0xe1
      +5ms 3 task-create 0xa9 site=atCompact value=compact
      +5ms 3 task-ready 0xa9 object=0xe1

      """
    let second = """
      +6ms 3 resource-create 0xc9 object=0 value=semaphore
      +6ms 3 block-begin 0xc9 object=none site=atCompact value=acquire

      """
    let all = try analyze(
      TraceText.parse(
        Self.places + Self.mainAwaits + Self.bothRun
          + (beside == .signalledByAThread ? signalled : "")
          + (beside == .noTasks ? "" : children) + """
            +6ms 2 resource-create 0xc8 object=0 value=semaphore
            +6ms 2 block-begin 0xc8 object=none site=atPut value=acquire
            +6ms 1 timer-arm 77 value=100000

            """ + (beside == .busy ? "" : second)
          + "+\(beside == .brief ? 4500 : 7000)ms 9 thread-start 109\n")
    ).report.findings.filter { $0.severity != .note }
    #expect(all.map(\.kind) == (beside == .nothing ? [.poolStarvation] : []))
    #expect(all.allSatisfy { $0.severity == .warning })
  }

  @Test func whoIsToBeAloneOnASharedQueueWaitsForAllThatAreThere() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + """
        +2ms 2 resource-create 0xd1 object=1 value=actor
        +3ms 2 held 0xd1 object=0xa1 site=atPut
        +3ms 2 held 0xd1 object=0xa2 site=atCompact
        +4ms 2 block-begin 0xd1 object=none site=atPut value=acquire
        """)
    #expect(all.map(\.kind) == [.selfDeadlock])
    #expect(all.first?.parties.first?.name == "put")
  }

  @Test func aSharedQueueIsFreeWhenAllHaveLeftIt() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + """
        +2ms 2 resource-create 0xd1 object=1 value=actor
        +3ms 2 held 0xd1 object=0xa1 site=atPut
        +3ms 2 held 0xd1 object=0xa2 site=atCompact
        +4ms 3 released 0xd1
        +4ms 2 released 0xd1
        +4ms 2 block-begin 0xd1 object=none site=atPut value=acquire
        """)
    #expect(all.isEmpty)
  }

  @Test func aStreamWhoseProducerHasEndedIsNamed() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + """
        +3ms 3 resource-create 0xd1 value=queue site=atMade
        +3ms 3 queue-put 0xd1 site=atCompact value=1
        +4ms 3 task-end 0xa2
        +4ms 2 queue-got 0xd1 site=atPut
        +5ms 2 wait-begin 0xa1 object=0xd1 site=atPut value=queue-get
        +5ms 2 task-suspend 0xa1 object=0xf1 site=atPut
        """)
    #expect(all.map(\.kind) == [.queueNoProducer])
  }

  @Test func aGroupThatSomebodyNeverLeavesIsUnfinished() throws {
    let all = try findings(
      Self.mainAwaits + Self.bothRun + """
        +3ms 3 task-end 0xa2
        +3ms 2 resource-create 0xd1 value=group site=atMade
        +3ms 2 released 0xd1 site=atPut
        +4ms 2 block-begin 0xd1 object=none site=atPut value=group
        """)
    #expect(all.map(\.kind) == [.unfinishedJoin])
  }

  @Test(arguments: [true, false])
  func aCallThatBlocksTheMainActorIsToldIfSomethingWaitsForItsTurn(_ isAwaited: Bool) throws {
    let ready = isAwaited ? "+3ms 2 task-ready 0xa1 object=0xac\n" : ""
    let all = try findings(
      """
      +2ms 2 task-resume 0xa2 object=0xe1
      +2ms 2 task-end 0xa2

      """ + ready + """
        +3ms 1 resource-create 0xc1 value=stream
        +3ms 1 block-begin 0xc1 object=none site=atMain value=read
        """)
    #expect(all.map(\.kind) == (isAwaited ? [.blockedLoop] : []))
  }
}
