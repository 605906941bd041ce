import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Locks taken in opposite orders by parties that did not meet.
@Suite struct OrderPredictionTests {
  @Test func oppositeOrdersThatDidNotMeetAreTold() throws {
    var script = LockOrderScript()
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
    var script = LockOrderScript()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb1")
    let analysis = try analyze(script.text)
    #expect(!analysis.report.findings.contains { $0.kind == .lockOrderInversion })
  }

  @Test func aRingOfThreeLocksIsTold() throws {
    var script = LockOrderScript()
    script.tell("task-resume 0xa0")
    script.tell("task-create 0xa3 site=atMain value=put object=4")
    script.tell("task-suspend 0xa0 object=0xf0 site=atMain")
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb3")
    script.section("0xa3", "0xb3", "0xb1")
    #expect(try script.inversions().first?.parties.count == 3)
  }

  @Test func manyPairsAtTheSamePlacesAreOneFinding() throws {
    var script = LockOrderScript(locks: "lock lock lock lock")
    for (first, second) in [("0xb1", "0xb2"), ("0xb3", "0xb4")] {
      script.section("0xa1", first, second)
      script.section("0xa2", second, first)
    }
    let found = try script.inversions()
    #expect(found.map(\.repeats) == [2])
  }

  @Test func whatHungIsNotToldTwice() throws {
    var script = LockOrderScript()
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
    let findings = try analyze(script.text, predicting: true).report.findings
    #expect(findings.map(\.kind) == [.lockCycle])
  }

  @Test func twoOfOneNameAreToldApart() throws {
    var script = LockOrderScript()
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
    var script = LockOrderScript(locks: "thread-lock thread-lock")
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
    var script = LockOrderScript(locks: "thread-lock thread-lock")
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
