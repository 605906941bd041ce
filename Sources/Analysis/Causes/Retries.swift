import Findings
import History
import TraceFormat

/// A wait for a lock or permit that a task gives up when its limit is over, and begins again, always at one place.
struct Retries {
  var task: Int
  var count: Int
  /// When it gave up first.
  var since: TraceInstant
  var wait: Wait

  /// So many within so short a time, or a few within a long one: it will not leave it at that soon.
  private static let least = (count: 10, time: UInt64(2_000_000_000))
  private static let few = (count: 3, time: UInt64(60_000_000_000))

  /// Those that go on.
  static func all(in world: World) -> [Retries] {
    let byTask = Dictionary(grouping: world.interruptions) { $0.task }
    return byTask.keys.sorted().compactMap { task in
      guard world.parties[task].kind == .task, !world.parties[task].isEnded,
        let wait = world.parties[task].brokenWait, wait.primitive?.operation == .acquire,
        wait.primitive?.resource != nil
      else { return nil }
      let series = byTask[task]!.reversed().prefix { interruption in
        interruption.stack == wait.site
          && world.definitions.frames(interruption.asked.site).contains { $0.role == .limit }
      }
      guard let last = series.first, let first = series.last else { return nil }
      let time = last.asked.time.since(first.asked.time)
      guard
        series.count >= least.count && time >= least.time
          || series.count >= few.count && time >= few.time,
        // It has not found something else to do.
        world.now.since(last.asked.time) <= 2 * time / UInt64(series.count)
      else { return nil }
      return Retries(
        task: task, count: series.count, since: first.asked.time, wait: wait)
    }
  }
}

extension WaitModel {
  /// What would be stuck, were the waits without end that tasks give up only to begin them again: whoever holds
  /// what they wait for has waited since for what nobody but they could bring.
  static func causesBehindRetries(in world: World) -> (model: WaitModel, causes: [Cause])? {
    guard let snapshot = world.snapshot else { return nil }
    for retries in Retries.all(in: world) where retries.since <= snapshot.time {
      let model = WaitModel(world.staying(retries.task, in: retries.wait, since: retries.since))
      let mains = model.mains
      let causes = model.causes().filter {
        model.keeps($0, mains) && model.isHeldUp($0, by: retries.task)
          && model.hasRested($0, since: retries)
      }
      guard !causes.isEmpty else { continue }
      return (
        model,
        causes.map { cause in
          var cause = cause
          cause.retries = retries
          return cause
        }
      )
    }
    return nil
  }

  /// Whether it takes part in what keeps the holders. Otherwise they stay for reasons of their own, as one does that
  /// leads for ever while another stands by.
  private func isHeldUp(_ cause: Cause, by task: Int) -> Bool {
    cause.nodes.contains { nodes[$0] == .party(task) }
  }

  /// Whether those that hold what it waits for have not moved since it gave up first.
  private func hasRested(_ cause: Cause, since retries: Retries) -> Bool {
    guard let resource = retries.wait.primitive?.resource else { return false }
    let holds = world.resources[resource].holds
    return !holds.isEmpty
      && holds.allSatisfy { hold in
        hold.party != retries.task
          && world.parties[hold.party].wait.map { $0.since <= retries.since } ?? false
      }
  }
}
