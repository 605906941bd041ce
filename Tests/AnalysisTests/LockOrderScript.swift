import Findings

@testable import Analysis

/// Writes a trace down, a millisecond for each event. Tasks a1 and a2 are made by a0, which waits.
struct LockOrderScript {
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
    try analyze(text, predicting: true).report.findings.filter { $0.kind == .lockOrderInversion }
  }
}
