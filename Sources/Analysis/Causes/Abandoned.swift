import History
import TraceFormat

/// Futures that the task which made them left behind.
extension WaitModel {
  /// What one task loads for others ends when that task is cancelled, and those that wait for its future wait
  /// for ever, in a program that goes on. Whether somebody may yet resolve it does not show where anybody can
  /// reach it. So it takes much to say so: such futures have always been resolved by those that made them, the
  /// one that made this one failed or was asked to end and has ended, long ago, and nobody's wait has a limit.
  func abandonedFutures() -> [Cause] {
    guard world.keptFrom == nil || world.knowsHabits else { return [] }
    return world.resources.indices.compactMap { index -> Cause? in
      let resource = world.resources[index]
      guard resource.kind == .future, !world.isDone(.resource(index)), resource.members.isEmpty,
        let maker = resource.created?.party, hasGivenUp(maker),
        let habit = world.habit(of: index), habit.isByMaker, habit.count >= Self.habitCount,
        let waiting = waiters[index], !waiting.isEmpty, !waiting.contains(where: hasLimit),
        let node = numbers[.resource(index, nil)], live[node]
      else { return nil }
      return Cause(
        nodes: [node], behind: waiting.flatMap(awaiting), isStructural: false, isClosed: false,
        isCycle: false)
    }
  }

  /// Fewer are no habit.
  private static let habitCount = 3
  /// What clears up after others does so more often than that.
  private static let clearance: UInt64 = 30_000_000_000

  private func hasGivenUp(_ maker: Int) -> Bool {
    let party = world.parties[maker]
    guard party.kind == .task, case .ended(let outcome, let at) = party.state else { return false }
    return (outcome == .error || party.cancelRequested != nil)
      && world.now.since(at) >= Self.clearance
  }

  private func hasLimit(_ party: Int) -> Bool {
    guard let wait = world.parties[party].wait else { return true }
    return paused.contains(.party(party)) || wait.future.map(paused.contains) ?? false
  }

  /// Tasks that await a task.
  private func awaiting(_ task: Int) -> [Int] {
    world.parties.indices.filter { world.parties[$0].wait?.future == .party(task) }
  }
}
