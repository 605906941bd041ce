import History
import TraceFormat

/// A limit that lets nobody through any more: all that were let in wait for something which, it seems, one
/// has that waits to be let in itself.
struct Gate {
  /// The semaphore whose permits are all taken.
  var resource: Int
  /// Who waits for a permit, and has been through what those inside wait for.
  var party: Int
  /// Its earlier task or job that went through.
  var passage: Int
}

extension WaitModel {
  /// The gate behind a wait that nobody is known to end.
  func gate(before cause: Cause) -> Gate? {
    guard !cause.isStructural, !cause.isCycle, cause.ignored == nil else { return nil }
    var inside: [Int] = []
    for node in cause.nodes {
      guard case .resource(let index, _) = nodes[node] else { continue }
      inside += waiters[index, default: []]
    }
    let functions = Set(inside.compactMap { world.parties[$0].function })
    let stuck = Set(cause.behind + inside)
    for index in world.resources.indices where world.resources[index].kind == .semaphore {
      let resource = world.resources[index]
      guard let waiting = waiters[index], !resource.holds.isEmpty,
        resource.holds.allSatisfy({ stuck.contains($0.party) })
      else { continue }
      for party in waiting {
        if let passage = passage(of: party, through: functions) {
          return Gate(resource: index, party: party, passage: passage)
        }
      }
    }
    return nil
  }

  /// A task or job of one of the functions that a party started, and that ended well.
  private func passage(of party: Int, through functions: Set<Site>) -> Int? {
    world.parties.indices.last { index in
      let other = world.parties[index]
      guard other.created.party == party, case .ended(.value, _) = other.state,
        let function = other.function
      else { return false }
      return functions.contains(function)
    }
  }
}
