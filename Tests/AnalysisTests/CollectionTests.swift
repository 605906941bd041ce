import Findings
import Testing
import TraceFormat

@testable import Analysis
@testable import History

/// What is over is let go of, and no verdict depends on it.
@Suite struct CollectionTests {
  private static let passing = 20_000

  /// Two tasks that wait for each other's locks; before that, others that came and went.
  private func trace(_ ending: String, passing: Int = passing) throws -> MemoryTrace {
    var trace = try TraceText.parse(
      """
      site main app.py:40 main
      site put app.py:17 put
      site pass app.py:30 passer
      stack atMain main
      stack atPut put
      thread 1 tid=100 "MainThread"
      +1ms 1 task-create 0xa0 site=atMain value=main object=1
      +1ms 1 loop-start 0x1
      +1ms 1 task-resume 0xa0
      +1ms 1 resource-create 0xb1 object=1 site=atMain value=lock
      +1ms 1 resource-create 0xb2 object=1 site=atMain value=lock
      +1ms 1 task-create 0xa1 object=2 site=atMain value=put
      +1ms 1 task-create 0xa2 object=3 site=atMain value=put
      +1ms 1 resource-create 0xf7 object=0 site=atMain value=future
      +1ms 1 task-suspend 0xa0 object=0xf7 site=atMain
      \(ending)
      +9ms 1 loop-idle 0x1 value=none
      """)
    let before = trace.events.firstIndex { $0.time.nanoseconds > 1_000_000 }!
    trace.events.insert(contentsOf: passers(passing), at: before)
    return trace
  }

  /// Each takes a lock, waits for a future at an address of its own, and ends.
  private func passers(_ count: Int) -> [Event] {
    (0..<count).flatMap { number -> [Event] in
      let task = 0x10_0000 + 16 * UInt64(number)
      let future = 0x1000_0000 + 16 * UInt64(number)
      return [
        (EventKind.taskCreate, task, UInt64(number) + 4, UInt32(3)), (.taskResume, task, 0, 0),
        (.acquired, 0xb1, 0, 0), (.released, 0xb1, 0, 0),
        (.taskWaitOwn, 0, future, Operation.sleep.rawValue), (.futureDone, future, 0, 0),
        (.taskResume, task, 0, 0), (.taskEnd, task, 0, 0),
      ].map { kind, subject, object, value in
        Event(
          time: TraceInstant(nanoseconds: 1_000_100), thread: ThreadSlot(1), kind: kind,
          subject: subject, object: object, site: StackID(1), value: value)
      }
    }
  }

  private func findings(_ trace: MemoryTrace) throws -> [Finding] {
    try analyze(trace).report.findings
  }

  private let cycle = """
    +2ms 1 task-resume 0xa1
    +2ms 1 acquired 0xb1 site=atPut
    +2ms 1 task-wait 0xb2 object=0xf1 site=atPut value=acquire
    +3ms 1 task-resume 0xa2
    +3ms 1 acquired 0xb2 site=atPut
    +3ms 1 task-wait 0xb1 object=0xf2 site=atPut value=acquire
    """

  @Test func aCycleIsFoundBehindManyThatAreOver() throws {
    let alone = try findings(trace(cycle, passing: 0))
    let behind = try findings(trace(cycle))
    #expect(behind.first?.kind == .lockCycle)
    #expect(behind.map(\.headline) == alone.map(\.headline))
    #expect(behind.map(\.because) == alone.map(\.because))
  }

  @Test func whatIsOverIsLetGoOf() throws {
    let trace = try trace(cycle)
    var world = World(definitions: trace.definitions)
    _ = try trace.forEachEvent { world.apply($0) }
    #expect(world.taskCount == Self.passing + 3)
    #expect(world.parties.count + world.resources.count < World.leastCollection)
    let serials = world.parties.map(\.serial)
    #expect(serials == serials.sorted())
    #expect(world.party(serial: serials.last!) == serials.count - 1)
  }

  /// Their records are gone; that they are done is not.
  @Test func aGroupOfWhatIsOverIsOver() throws {
    let members = (0..<8).map { number in
      let task = String(0x10_0000 + 16 * number, radix: 16)
      let future = String(0x1000_0000 + 16 * number, radix: 16)
      return """
        +2ms 1 depends 0xf0 object=0x\(task) value=all
        +2ms 1 depends 0xf0 object=0x\(future) value=all
        """
    }
    let ending = """
      +2ms 1 task-resume 0xa1
      +2ms 1 resource-create 0xf0 object=0 site=atPut value=group
      \(members.joined(separator: "\n"))
      +2ms 1 task-suspend 0xa1 object=0xf0 site=atPut
      +3ms 1 task-resume 0xa2
      +3ms 1 task-suspend 0xa2 object=0x100000 site=atPut
      """
    #expect(try findings(trace(ending)).isEmpty)
  }

  @Test func aTimelineKnowsThemByWhoTheyAre() throws {
    let analysis = try analyze(trace(cycle))
    let timeline = try analysis.timeline(all: false)
    let alone = try analyze(trace(cycle, passing: 0)).timeline(all: false)
    #expect(timeline.entries.map(\.text) == alone.entries.map(\.text))
    #expect(timeline.lanes.map(\.name) == alone.lanes.map(\.name))
  }
}
