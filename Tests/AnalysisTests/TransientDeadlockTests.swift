import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Circles of waits that a timeout or a cancellation broke.
@Suite struct TransientDeadlockTests {
  private func hazards(_ events: String) throws -> [Finding] {
    let trace = try TraceText.parse(VerdictTests.places + VerdictTests.twoLocks + events)
    return try analyze(trace).report.findings
      .filter { $0.kind == .transientDeadlock }
  }

  private static let bothWait = """
    +4ms 1 wait-begin 0xa1 object=0xb2 site=atPut value=acquire
    +4ms 1 task-suspend 0xa1 object=0xf2 site=atPut

    """

  @Test func aCancellationThatBreaksACircleIsOne() throws {
    let found = try hazards(
      Self.bothWait + """
        +209ms 1 task-cancel 0xa1 site=atMain
        +209ms 1 future-done 0xf2 value=cancelled
        +209ms 1 task-resume 0xa1
        +209ms 1 released 0xb1 site=atPut
        +209ms 1 task-end 0xa1 value=cancelled
        """)
    let finding = try #require(found.first)
    #expect(found.count == 1)
    #expect(finding.severity == .warning)
    #expect(
      finding.headline.hasPrefix(
        "'Store.put' and 'Store.compact' waited for each other's locks for 205 ms"))
    #expect(finding.parties.map(\.name) == ["Store.put", "Store.compact"])
    #expect(finding.edges.map(\.to) == ["Store.compact", "Store.put"])
  }

  @Test func whatTheLibraryEndsInTimeIsATimeout() throws {
    let found = try hazards(
      "site timer timeouts.py:9 Timeout._on_timeout limit\nstack atTimer timer\n" + Self.bothWait
        + "+209ms 1 task-cancel 0xa1 site=atTimer")
    #expect(found.first?.headline.hasSuffix("was cancelled by its timeout") == true)
  }

  @Test func aShortLimitAsksWhetherTheLockIsFree() throws {
    #expect(try hazards(Self.bothWait + "+24ms 1 task-cancel 0xa1 site=atMain").isEmpty)
  }

  @Test func aHolderThatIsMerelySlowIsNone() throws {
    // put waits for compact's lock; compact waits for a future that nobody of them provides.
    let trace = """
      +1ms 1 resource-create 0xb2 object=1 site=atMade value=lock
      +2ms 1 task-suspend 0xa0 object=0xa1 site=atMain
      +2ms 1 task-resume 0xa2
      +2ms 1 acquired 0xb2 site=atCompact
      +3ms 1 task-suspend 0xa2 object=0xf1 site=atCompact
      +3ms 1 task-resume 0xa1
      +4ms 1 wait-begin 0xa1 object=0xb2 site=atPut value=acquire
      +4ms 1 task-suspend 0xa1 object=0xf2 site=atPut
      +209ms 1 task-cancel 0xa1 site=atMain
      """
    let findings = try analyze(VerdictTests.places + trace).report.findings
    #expect(!findings.contains { $0.kind == .transientDeadlock })
  }

  @Test func aWaiterThatIsWokenAlreadyIsNone() throws {
    let found = try hazards(
      Self.bothWait + """
        +208ms 1 future-done 0xf1 value=value
        +209ms 1 task-cancel 0xa1 site=atMain
        """)
    #expect(found.isEmpty)
  }
}
