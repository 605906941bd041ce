import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Thousands that are stuck in the same way are one line with their number.
@Suite struct CrowdTests {
  private func findings(tasks count: Int, _ setup: String, each: (Int) -> String) throws
    -> [Finding]
  {
    var text = """
      site main app.py:40 main
      site wait app.py:17 worker
      site made app.py:10 worker
      stack atMain main
      stack atWait wait
      stack atMade made
      thread 1 tid=100 "MainThread"
      +1ms 1 task-create 0xa0 site=atMain value=main object=1
      +1ms 1 loop-start 0x1
      +1ms 1 task-resume 0xa0
      \(setup)

      """
    for number in 1...count {
      text += """
        +1ms 1 task-create 0x\(String(0x1000 + number, radix: 16)) site=atMain value=wait \
        object=\(number + 1)

        """
    }
    text += "+1ms 1 resource-create 0xf0 object=0 site=atMain value=group\n"
    for number in 1...count {
      text += "+1ms 1 depends 0xf0 object=0x\(String(0x1000 + number, radix: 16)) value=all\n"
    }
    text += """
      +1ms 1 wait-begin 0xa0 object=0xf0 site=atMain value=group
      +1ms 1 task-suspend 0xa0 object=0xf1 site=atMain

      """
    for number in 1...count { text += each(number) }
    text += "+9ms 1 loop-idle 0x1 value=none\n"
    return try analyze(text).report.findings
  }

  @Test func tasksThatWaitForOneLockAreOneParty() throws {
    let setup = """
      +1ms 1 resource-create 0xb1 object=1 site=atMade value=lock
      +1ms 1 acquired 0xb1 site=atMain
      """
    let found = try findings(tasks: 1500, setup) { number in
      let task = "0x" + String(0x1000 + number, radix: 16)
      return """
        +2ms 1 task-resume \(task)
        +2ms 1 wait-begin \(task) object=0xb1 site=atWait value=acquire
        +2ms 1 task-suspend \(task) object=0x\(String(0x9000 + number, radix: 16)) site=atWait

        """
    }
    let finding = try #require(found.first)
    #expect(found.count == 1)
    #expect(finding.kind == .lockCycle)
    #expect(
      finding.headline
        == "'main' waits for the end of 'worker' (1,500 tasks) while it holds "
        + "the lock made at app.py:10, which those tasks wait for")
    #expect(finding.parties.map(\.name) == ["main", "worker (1,500 tasks)"])
    #expect(finding.parties.map(\.count) == [1, 1500])
    #expect(finding.edges.count == 2)
    #expect(finding.behind.isEmpty)
    #expect(finding.marks.count <= 4)
    #expect(finding.story.count <= 4)
  }

  @Test(arguments: [2, 300]) func anEventForEachTaskIsOneFinding(_ count: Int) throws {
    let found = try findings(tasks: count, "") { number in
      let task = "0x" + String(0x1000 + number, radix: 16)
      let event = "0x" + String(0x5000 + number, radix: 16)
      return """
        +2ms 1 task-resume \(task)
        +2ms 1 resource-create \(event) object=0 site=atMade value=event
        +2ms 1 wait-begin \(task) object=\(event) site=atWait value=event-wait
        +2ms 1 task-suspend \(task) object=0x\(String(0x9000 + number, radix: 16)) site=atWait

        """
    }
    let finding = try #require(found.first)
    #expect(found.count == 1)
    #expect(finding.kind == .orphanedFuture)
    #expect(finding.resources.reduce(0) { $0 + $1.count } == count)
    #expect(finding.parties.reduce(0) { $0 + $1.count } == count)
    #expect(finding.behind.map(\.name) == ["main"])
    if count == 300 {
      #expect(
        finding.headline
          == "'worker' (300 tasks) wait for 300 events made at app.py:10 that probably nothing "
          + "can set any more")
    }
  }

  @Test func cyclesOfOneFormAreOneFindingWithTheirNumber() throws {
    // Each odd task takes a lock that the next even one waits for, and the other way round.
    let found = try findings(tasks: 40, "") { number in
      let task = "0x" + String(0x1000 + number, radix: 16)
      let own = "0x" + String(0x5000 + number, radix: 16)
      let other = "0x" + String(0x5000 + (number % 2 == 1 ? number + 1 : number - 1), radix: 16)
      var text = "+2ms 1 task-resume \(task)\n"
      if number % 2 == 1 {
        text += "+2ms 1 resource-create \(own) object=1 site=atMade value=lock\n"
        text += "+2ms 1 resource-create \(other) object=1 site=atMade value=lock\n"
      }
      return text + """
        +2ms 1 acquired \(own) site=atWait
        +2ms 1 wait-begin \(task) object=\(other) site=atWait value=acquire
        +2ms 1 task-suspend \(task) object=0x\(String(0x9000 + number, radix: 16)) site=atWait

        """
    }
    let finding = try #require(found.first)
    #expect(found.count == 1)
    #expect(finding.kind == .lockCycle)
    #expect(finding.repeats == 20)
    #expect(finding.parties.count == 2)
    #expect(finding.notes.contains { $0.hasPrefix("19 more cycles like this one") })
  }
}
