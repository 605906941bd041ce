import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Permits that nearly ran out, and locks that were held for long.
@Suite struct HoldPredictionTests {
  private func hazards(_ events: String) throws -> [Finding] {
    try analyze(
      VerdictTests.places + "+1ms 1 task-suspend 0xa0 object=0xf0 site=atMain\n" + events,
      predicting: true
    ).report.findings.filter { [.nearExhaustion, .longHold].contains($0.kind) }
  }

  /// A task takes a permit, pauses, and takes another one.
  private func nested(_ task: String, at time: Int, first: String = "") -> String {
    """
    +\(time)ms 1 task-resume \(task)
    \(first.isEmpty ? "" : "+\(time)ms 1 acquired \(first) site=atPut")
    +\(time)ms 1 acquired 0xb1 site=atPut
    +\(time)ms 1 task-suspend \(task)
    +\(time + 1)ms 1 task-resume \(task)
    +\(time + 1)ms 1 acquired 0xb1 site=atCompact
    +\(time + 2)ms 1 released 0xb1
    +\(time + 2)ms 1 released 0xb1
    \(first.isEmpty ? "" : "+\(time + 2)ms 1 released \(first)")
    +\(time + 2)ms 1 task-suspend \(task) object=0xf\(task.last!)

    """
  }

  private func semaphore(_ name: String, _ permits: Int, _ kind: String = "semaphore") -> String {
    "+1ms 1 resource-create \(name) object=\(permits) site=atMade value=\(kind)\n"
  }

  @Test func enoughThatNeedAnotherPermitAreTold() throws {
    let found = try hazards(
      semaphore("0xb1", 2) + nested("0xa1", at: 10) + nested("0xa2", at: 20))
    let finding = try #require(found.first)
    #expect(found.map(\.kind) == [.nearExhaustion])
    #expect(finding.parties.map(\.name) == ["Store.put", "Store.compact"])
    #expect(finding.scenario.count == 4)
  }

  /// Connections that are taken from a queue, and put back.
  private func pool(_ task: String, at time: Int) -> String {
    nested(task, at: time).replacing("acquired 0xb1", with: "queue-got 0xb1 value=0")
      .replacing("released 0xb1", with: "queue-put 0xb1 value=1")
  }

  private func fill(by task: String, _ count: Int) -> String {
    "+2ms 1 task-resume \(task)\n"
      + semaphore("0xb1", count, "queue")
      .replacing("+1ms", with: "+2ms")
      + (1...count).map { "+2ms 1 queue-put 0xb1 site=atMade value=\($0)\n" }.joined()
      + "+2ms 1 task-suspend \(task)\n"
  }

  @Test func aPoolOfWhichEachNeedsTwoIsTold() throws {
    let found = try hazards(
      fill(by: "0xa0", 2) + pool("0xa1", at: 10) + pool("0xa2", at: 20))
    #expect(found.map(\.kind) == [.nearExhaustion])
    #expect(
      try hazards(fill(by: "0xa0", 3) + pool("0xa1", at: 10) + pool("0xa2", at: 20)).isEmpty)
  }

  @Test func itemsThatWorkersTakeAreNoPool() throws {
    let puts = "+2ms 1 task-resume 0xa0\n+2ms 1 task-suspend 0xa0\n"
    #expect(
      try hazards(
        semaphore("0xb1", 2, "queue") + puts + pool("0xa1", at: 10) + pool("0xa2", at: 20)
      ).isEmpty)
  }

  @Test func fewerThanThePermitsAreSafe() throws {
    #expect(
      try hazards(semaphore("0xb1", 3) + nested("0xa1", at: 10) + nested("0xa2", at: 20)).isEmpty)
  }

  @Test func permitsBelowALockAreSafe() throws {
    let locked = nested("0xa1", at: 10, first: "0xb2") + nested("0xa2", at: 20, first: "0xb2")
    #expect(
      try hazards(semaphore("0xb1", 2) + semaphore("0xb2", 1, "lock") + locked).isEmpty)
  }

  @Test func permitsBelowASmallerSemaphoreAreSafe() throws {
    let third = "+1ms 1 task-create 0xa3 site=atMain value=put object=9\n"
    func events(outer: Int) -> String {
      third + semaphore("0xb1", 3) + semaphore("0xb2", outer)
        + nested("0xa1", at: 10, first: "0xb2") + nested("0xa2", at: 20, first: "0xb2")
        + nested("0xa3", at: 30, first: "0xb2")
    }
    #expect(try hazards(events(outer: 2)).isEmpty)
    #expect(try hazards(events(outer: 3)).count == 1)
  }

  @Test func permitsOneAfterTheOtherAreSafe() throws {
    let end = "+15ms 1 task-resume 0xa1\n+15ms 1 task-end 0xa1\n"
    #expect(
      try hazards(semaphore("0xb1", 2) + nested("0xa1", at: 10) + end + nested("0xa2", at: 20))
        .isEmpty)
  }

  private func held(for time: Int) -> String {
    """
    +10ms 1 task-resume 0xa1
    +10ms 1 acquired 0xb1 site=atPut
    +10ms 1 task-wait-own 0x0 object=0xf1 site=atPut value=sleep
    +20ms 1 task-resume 0xa2
    +20ms 1 task-wait-own 0xb1 object=0xf2 site=atCompact value=acquire
    +\(20 + time)ms 1 future-done 0xf1
    +\(20 + time)ms 1 task-resume 0xa1
    +\(20 + time)ms 1 released 0xb1
    +\(20 + time)ms 1 future-done 0xf2
    """
  }

  @Test func aLockThatKeepsOthersForLongIsTold() throws {
    let found = try hazards(semaphore("0xb1", 1, "lock") + held(for: 700))
    #expect(
      found.map(\.headline) == [
        "'Store.put' held the lock made at app.py:10 for 710 ms, and kept 'Store.compact' waiting for "
          + "700 ms"
      ])
    #expect(found[0].marks.contains { $0.label == "paused here for 710 ms" })
  }

  @Test func aLockThatKeepsOthersShortlyIsNot() throws {
    #expect(try hazards(semaphore("0xb1", 1, "lock") + held(for: 200)).isEmpty)
  }
}
