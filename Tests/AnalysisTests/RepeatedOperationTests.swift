import Findings
import History
import Testing
import TraceFormat

@testable import Analysis

/// Operations of one turn that are told in one event.
@Suite struct RepeatedOperationTests {
  private static let turn = """
    +1ms 1 resource-create 0xe1 site=atMade value=queue
    +2ms 1 queue-put 0xe1 object=4 site=atPut value=5
    +3ms 1 queue-got 0xe1 object=2 site=atMain value=2
    +3ms 1 queue-task-done 0xe1 object=1 site=atMain value=3

    """

  @Test func eachCountsForItself() throws {
    let trace = try TraceText.parse(VerdictTests.places + Self.turn)
    var world = World(definitions: trace.definitions)
    for event in trace.events { world.apply(event) }
    let queue = try #require(world.resources.first { $0.kind == .queue })
    #expect(queue.items == 2)
    #expect(queue.getCount == 3)
    #expect(queue.unfinished == 3)
    #expect(queue.taskDoneCount == 2)
  }

  @Test func aTimelineSaysHowMany() throws {
    let stuck = """
      +4ms 1 wait-begin 0xa0 object=0xe1 site=atMain value=queue-join
      +4ms 1 task-suspend 0xa0 object=0xf0 site=atMain

      """
    let trace = try TraceText.parse(
      VerdictTests.places + Self.turn + stuck + VerdictTests.atRest)
    let timeline = try analyze(trace)
      .timeline(all: true)
    let texts = timeline.entries.map(\.text)
    #expect(texts.contains { $0.hasPrefix("puts 5 items into ") })
    #expect(texts.contains { $0.hasPrefix("takes 3 items from ") })
    #expect(texts.contains { $0.hasPrefix("task_done() of ") && $0.hasSuffix(", 2 times") })
  }
}
