import Findings
import History
import TraceFormat

/// Pools whose threads have all been waiting for long for a signal, while tasks are queued that they made to be
/// signalled by.
///
/// What moves beside them could give such a signal as well, a timer or a thread, and then they go on. But a function
/// that makes a task and then waits for a signal waits for that task, unless its like were signalled by others before.
struct StarvedPools {
  /// By what is waited for, the tasks that are to end the wait.
  private(set) var signallers: [Int: [Int]] = [:]

  /// For so long all threads of a pool have to have waited, in ns: a slow answer of somebody else has come by then,
  /// and the program has rested for as long before it is looked at for other reasons.
  private static let patience: UInt64 = 5_000_000_000

  init(in model: WaitModel) {
    let world = model.world
    // Of what is gone from the trace nobody knows who ended it.
    guard world.keptFrom == nil else { return }
    let queued = Dictionary(
      grouping: world.parties.indices.filter { Self.awaitsFirstTurn($0, in: model) },
      by: { model.turn(of: $0)!.executor })
    for (pool, tasks) in queued where world.resources[pool].kind == .executor {
      let occupants = model.occupants(of: pool)
      let width = world.resources[pool].capacity
      guard width > 0, UInt64(occupants.count) >= width else { continue }
      var found: [Int: [Int]] = [:]
      for occupant in occupants {
        guard let (awaited, wait) = Self.standstill(of: occupant, in: world) else { break }
        let own = tasks.filter { Self.isMade($0, by: occupant, for: wait, in: world) }
        guard !own.isEmpty else { break }
        found[awaited, default: []] += own
        if occupant == occupants.last { signallers.merge(found) { $0 + $1 } }
      }
    }
  }

  /// Whether it was made long ago, and has not begun.
  private static func awaitsFirstTurn(_ index: Int, in model: WaitModel) -> Bool {
    let party = model.world.parties[index]
    guard party.kind == .task, party.isScheduled, party.lastRun == nil, !party.isEnded,
      let turn = model.turn(of: index)
    else { return false }
    return model.world.now.since(turn.since) >= patience
  }

  /// What a task keeps its thread waiting for, if that is a signal which nobody but tasks has given so far.
  private static func standstill(of party: Int, in world: World) -> (awaited: Int, wait: Wait)? {
    guard let wait = world.threads[world.parties[party].thread]?.block, wait.deadline == nil,
      world.now.since(wait.since) >= patience, case (let awaited?, let operation)? = wait.primitive
    else { return nil }
    let resource = world.resources[awaited]
    switch (resource.kind, operation) {
    case (.semaphore, .acquire) where resource.countsSignals, (.condition, .conditionWait),
      (.group, .group):
      break
    default: return nil
    }
    let isLeftToTasks = resource.providers.sorted().allSatisfy { world.parties[$0].kind == .task }
    return isLeftToTasks && !world.hasBeenSignalled(like: wait) ? (awaited, wait) : nil
  }

  /// Whether a task made another one, and then waits, in the same call of a function.
  private static func isMade(
    _ task: Int, by maker: Int, for wait: Wait, in world: World
  ) -> Bool {
    let made = world.parties[task].created
    guard made.party == maker, made.time <= wait.since,
      let place = world.definitions.frames(made.site).first(where: { $0.ownership == .user })
    else { return false }
    return world.definitions.frames(wait.site).contains {
      $0.file == place.file && $0.function == place.function && !$0.function.isEmpty
    }
  }
}

extension WaitModel {
  /// What is stuck if pools that have starved for long wait for the tasks that are queued behind them.
  static func causesOfStarvedPools(
    behind model: WaitModel
  ) -> (model: WaitModel, causes: [Cause])? {
    let signallers = StarvedPools(in: model).signallers
    guard !signallers.isEmpty else { return nil }
    let starved = WaitModel(model.world, signallers: signallers)
    let causes = starved.causes().filter { starved.kind(of: $0) == .poolStarvation }
    return causes.isEmpty ? nil : (starved, causes)
  }
}
