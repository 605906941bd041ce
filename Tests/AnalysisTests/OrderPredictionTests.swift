import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Locks taken in opposite orders by parties that did not meet; and safe programs that do the same on the face of it.
@Suite struct OrderPredictionTests {
  /// Writes a trace down, a millisecond for each event. Tasks a1 and a2 are made by a0, which waits.
  private struct Script {
    var text = VerdictTests.places
    private var time = 2

    init(locks: String = "lock lock lock") {
      for (index, kind) in locks.split(separator: " ").enumerated() {
        tell("resource-create 0xb\(index + 1) object=1 site=atMade value=\(kind)")
      }
      tell("task-suspend 0xa0 object=0xf0 site=atMain")
    }

    mutating func tell(_ event: String, thread: Int = 1) {
      time += 1
      text += "+\(time)ms \(thread) \(event)\n"
    }

    /// A task takes locks one inside the other, and pauses with the first one; then it waits for something.
    mutating func section(
      _ task: String, _ locks: String..., pausing: Bool = true, before: [String] = [],
      after: [String] = []
    ) {
      tell("task-resume \(task)")
      for event in before { tell(event) }
      for (index, lock) in locks.enumerated() {
        tell("acquired \(lock) site=\(task == "0xa1" ? "atPut" : "atCompact")")
        if pausing, index == 0 {
          tell("task-suspend \(task)")
          tell("task-resume \(task)")
        }
      }
      for lock in locks.reversed() { tell("released \(lock)") }
      for event in after { tell(event) }
      tell("task-suspend \(task) object=0xf\(task.last!)")
    }

    func inversions() throws -> [Finding] {
      try Analyzer(sourceLoader: { _ in nil }).analyze(
        try TraceText.parse(text), path: "test", predicting: true
      ).report.findings.filter { $0.kind == .lockOrderInversion }
    }
  }

  @Test func oppositeOrdersThatDidNotMeetAreTold() throws {
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb1")
    let found = try script.inversions()
    let finding = try #require(found.first)
    #expect(found.count == 1)
    #expect(finding.certainty == .possible)
    #expect(finding.parties.map(\.name) == ["Store.put", "Store.compact"])
    #expect(finding.parties.allSatisfy { !$0.stack.isEmpty })
    #expect(finding.marks.contains { $0.site.line == 17 && $0.role == .primary })
    #expect(finding.marks.contains { $0.site.line == 24 && $0.role == .primary })
    #expect(
      finding.scenario.map(\.party) == [
        "Store.put", "Store.compact", "Store.put", "Store.compact",
      ])
    #expect(
      finding.scenario.map { $0.text.prefix { $0 != " " } } == ["takes", "takes", "waits", "waits"])
  }

  @Test func nothingIsPredictedUnlessThatIsAskedFor() throws {
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb1")
    let analysis = try Analyzer(sourceLoader: { _ in nil }).analyze(
      try TraceText.parse(script.text), path: "test")
    #expect(!analysis.report.findings.contains { $0.kind == .lockOrderInversion })
  }

  @Test func aRingOfThreeLocksIsTold() throws {
    var script = Script()
    script.tell("task-resume 0xa0")
    script.tell("task-create 0xa3 site=atMain value=put object=4")
    script.tell("task-suspend 0xa0 object=0xf0 site=atMain")
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb3")
    script.section("0xa3", "0xb3", "0xb1")
    #expect(try script.inversions().first?.parties.count == 3)
  }

  @Test func manyPairsAtTheSamePlacesAreOneFinding() throws {
    var script = Script(locks: "lock lock lock lock")
    for (first, second) in [("0xb1", "0xb2"), ("0xb3", "0xb4")] {
      script.section("0xa1", first, second)
      script.section("0xa2", second, first)
    }
    let found = try script.inversions()
    #expect(found.map(\.repeats) == [2])
  }

  @Test func whatHungIsNotToldTwice() throws {
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb1")
    for (task, first, second) in [("0xa1", "0xb1", "0xb2"), ("0xa2", "0xb2", "0xb1")] {
      script.tell("task-resume \(task)")
      script.tell("acquired \(first) site=atPut")
      script.tell("task-suspend \(task)")
      _ = second
    }
    script.tell("task-resume 0xa1")
    script.tell("task-wait-own 0xb2 object=0xe1 site=atPut value=acquire")
    script.tell("task-resume 0xa2")
    script.tell("task-wait-own 0xb1 object=0xe2 site=atCompact value=acquire")
    script.tell("loop-idle 0x1 value=none")
    let findings = try Analyzer(sourceLoader: { _ in nil }).analyze(
      try TraceText.parse(script.text), path: "test", predicting: true
    ).report.findings
    #expect(findings.map(\.kind) == [.lockCycle])
  }

  // MARK: Safe

  @Test func oneOrderIsSafe() throws {
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb1", "0xb2")
    #expect(try script.inversions().isEmpty)
  }

  @Test func aLockAroundBothOrdersIsSafe() throws {
    var script = Script()
    script.section("0xa1", "0xb3", "0xb1", "0xb2")
    script.section("0xa2", "0xb3", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func aSinglePermitAroundBothOrdersIsSafe() throws {
    var script = Script(locks: "lock lock semaphore")
    script.section("0xa1", "0xb3", "0xb1", "0xb2")
    script.section("0xa2", "0xb3", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func oneTaskThatDoesBothIsSafe() throws {
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa1", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func whoeverIsStartedAfterwardsIsSafe() throws {
    var script = Script()
    script.section(
      "0xa1", "0xb1", "0xb2", after: ["task-create 0xa4 site=atPut value=compact object=4"])
    script.section("0xa4", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func whoeverAwaitedTheEndIsSafe() throws {
    var script = Script()
    script.tell("task-resume 0xa2")
    script.tell("task-suspend 0xa2 object=0xa1 site=atCompact")
    script.section("0xa1", "0xb1", "0xb2")
    script.tell("task-resume 0xa1")
    script.tell("task-end 0xa1")
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func whoeverMayHaveLookedAtTheResultIsSafe() throws {
    // An await of a task that has ended does not pause, so a trace does not show it.
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2")
    script.tell("task-resume 0xa1")
    script.tell("task-end 0xa1")
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func handlersOfConnectionsDoNotAwaitEachOther() throws {
    var script = Script()
    script.tell("task-create 0xa5 site=atMain value=put object=5")
    script.section("0xa5", "0xb1", "0xb2")
    script.tell("task-resume 0xa5")
    script.tell("task-end 0xa5")
    script.tell("task-create 0xa6 site=atMain value=compact object=6")
    script.section("0xa6", "0xb2", "0xb1")
    #expect(try script.inversions().count == 1)
  }

  @Test func anItemThatIsHandedOverOrders() throws {
    var script = Script(locks: "lock lock queue")
    script.section("0xa1", "0xb1", "0xb2", after: ["queue-put 0xb3 site=atPut value=1"])
    script.section("0xa2", "0xb2", "0xb1", before: ["queue-got 0xb3 site=atCompact"])
    #expect(try script.inversions().isEmpty)
  }

  @Test func anEventThatIsSetOrders() throws {
    var script = Script(locks: "lock lock event")
    script.section("0xa1", "0xb1", "0xb2", after: ["event-set 0xb3 site=atPut"])
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func aResultThatIsAwaitedOrders() throws {
    var script = Script(locks: "lock lock future")
    script.tell("task-resume 0xa2")
    script.tell("task-suspend 0xa2 object=0xb3 site=atCompact")
    script.section("0xa1", "0xb1", "0xb2", after: ["future-done 0xb3"])
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func aBarrierOrders() throws {
    var script = Script(locks: "lock lock barrier")
    script.section("0xa1", "0xb1", "0xb2", after: ["barrier-passed 0xb3"])
    script.section("0xa2", "0xb2", "0xb1", before: ["barrier-passed 0xb3"])
    #expect(try script.inversions().isEmpty)
  }

  @Test func whatAConditionGuardsOrders() throws {
    var script = Script()
    script.tell("resource-create 0xb4 object=0xb3 site=atMade value=condition")
    script.tell("depends 0xb3 object=0xb4 value=guard")
    script.section("0xa1", "0xb1", "0xb2", after: ["acquired 0xb3", "released 0xb3"])
    script.section("0xa2", "0xb2", "0xb1", before: ["acquired 0xb3", "released 0xb3"])
    #expect(try script.inversions().isEmpty)
  }

  @Test func sectionsWithoutAPauseOnOneLoopAreSafe() throws {
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2", pausing: false)
    script.section("0xa2", "0xb2", "0xb1", pausing: false)
    #expect(try script.inversions().isEmpty)
    // A pause of one of them lets the other one see a lock that is held.
    script.section("0xa1", "0xb1", "0xb2")
    #expect(try script.inversions().count == 1)
  }

  @Test func aWaitThatALimitEndsIsSafe() throws {
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2", before: ["timer-arm 0xc1 object=0xa1 value=5000"])
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func jobsOfASingleWorkerAreSafe() throws {
    var script = Script(locks: "thread-lock thread-lock executor")
    script.text += "thread 2 tid=102 \"worker\"\n"
    for (job, order) in [("0xd1", ["0xb1", "0xb2"]), ("0xd2", ["0xb2", "0xb1"])] {
      script.tell("job-queue \(job) object=0xb3 site=atMain")
      script.tell("job-start \(job)", thread: 2)
      for lock in order { script.tell("acquired \(lock) site=atPut", thread: 2) }
      for lock in order.reversed() { script.tell("released \(lock)", thread: 2) }
      script.tell("job-end \(job)", thread: 2)
    }
    #expect(try script.inversions().isEmpty)
  }

  @Test func aLockThatOthersGiveBackIsASignal() throws {
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb1")
    script.tell("task-resume 0xa1")
    script.tell("acquired 0xb1")
    script.tell("task-suspend 0xa1 object=0xf1")
    script.tell("task-resume 0xa2")
    script.tell("released 0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func aLockThatSeveralReadersHaveIsSafe() throws {
    var script = Script(locks: "thread-lock thread-lock")
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb1")
    for task in ["0xa1", "0xa2"] {
      script.tell("task-resume \(task)")
      script.tell("acquired 0xb1 site=atPut")
      script.tell("task-suspend \(task)")
    }
    #expect(try script.inversions().isEmpty)
  }

  @Test func aLockTakenTwiceIsNoOrder() throws {
    var script = Script(locks: "thread-lock thread-lock")
    script.section("0xa1", "0xb1", "0xb2", "0xb1")
    script.section("0xa2", "0xb2")
    #expect(try script.inversions().isEmpty)
  }

  @Test func objectsOfOneClassInAFixedOrderAreSafe() throws {
    // A parent and its child, whose child has one, too: all made, and taken, at the same places.
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb3")
    #expect(try script.inversions().isEmpty)
  }

  @Test func anotherLockAtTheSameAddressIsSafe() throws {
    var script = Script()
    script.section("0xa1", "0xb1", "0xb2")
    for lock in ["0xb1", "0xb2"] {
      script.tell("resource-create \(lock) object=1 site=atMade value=lock")
    }
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func whoeverOnlyTriesIsSafe() throws {
    func inversions(through function: String) throws -> Int {
      var script = Script()
      script.text =
        "site tried locks.py:5 \(function) library\n"
        + script.text.replacing(
          "stack atPut put\n", with: "stack atPut put\nstack atTry tried put\n")
      script.section("0xa1", "0xb1", "0xb2")
      script.text = script.text.replacing(
        "acquired 0xb2 site=atPut", with: "acquired 0xb2 site=atTry")
      script.section("0xa2", "0xb2", "0xb1")
      return try script.inversions().count
    }
    #expect(try inversions(through: "Lock.acquire") == 1)
    #expect(try inversions(through: "Lock.acquire_nowait") == 0)
  }

  @Test func twoOfOneNameAreToldApart() throws {
    var script = Script()
    for task in ["0xa1", "0xa2"] {
      script.text += "string same\(task) \"same\"\n"
      script.tell("name \(task) value=same\(task)")
    }
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().first?.parties.map(\.name) == ["same #1", "same #2"])
  }

  // MARK: Threads

  private func threads(_ rounds: [Int]) throws -> [Finding] {
    var script = Script(locks: "thread-lock thread-lock")
    script.text += "thread 2 tid=102 \"forth\"\nthread 3 tid=103 \"back\"\n"
    for thread in [2, 3] { script.tell("thread-start 10\(thread)", thread: thread) }
    for thread in rounds {
      let locks = thread == 2 ? ["0xb1", "0xb2"] : ["0xb2", "0xb1"]
      for lock in locks { script.tell("acquired \(lock) site=atPut", thread: thread) }
      for lock in locks.reversed() { script.tell("released \(lock)", thread: thread) }
    }
    return try script.inversions()
  }

  @Test func threadsThatComeInEitherOrderAreTold() throws {
    #expect(try threads([2, 3, 2]).count == 1)
    #expect(try threads([3, 2, 3]).count == 1)
  }

  @Test func aThreadThatMayHaveGotItsWorkFromTheOtherIsSafe() throws {
    #expect(try threads([2, 2, 3, 3]).isEmpty)
  }

  @Test func aThreadThatGivesUpIsSafe() throws {
    var script = Script(locks: "thread-lock thread-lock")
    script.text += "thread 2 tid=102 \"forth\"\nthread 3 tid=103 \"back\"\n"
    for thread in [2, 3] { script.tell("thread-start 10\(thread)", thread: thread) }
    for _ in 1...2 {
      for (thread, outer, inner) in [(2, "0xb1", "0xb2"), (3, "0xb2", "0xb1")] {
        script.tell("acquired \(outer) site=atPut", thread: thread)
        script.tell("block-begin \(inner) object=1000 site=atPut value=acquire", thread: thread)
        script.tell("block-end \(inner)", thread: thread)
        script.tell("acquired \(inner) site=atPut", thread: thread)
        script.tell("released \(inner)", thread: thread)
        script.tell("released \(outer)", thread: thread)
      }
    }
    #expect(try script.inversions().isEmpty)
  }
}
