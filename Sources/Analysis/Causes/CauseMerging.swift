import Findings
import History
import TraceFormat

/// What two causes share that are the same fault, met by different parties.
private struct CauseShape: Hashable {
  var kind: FindingKind
  var isStructural: Bool
  var isProved: Bool
  var members: Set<Shape>
}

extension Explainer {
  /// Fewer causes, one for each fault: waits of the same form for resources of the same origin are one;
  /// of cycles of the same form the first stands for all.
  func merged(_ causes: [Cause]) -> [Cause] {
    guard causes.count > 1 else { return causes }
    var result: [Cause] = []
    var places: [CauseShape: Int] = [:]
    for cause in causes {
      guard let shape = shape(of: cause) else {
        result.append(cause)
        continue
      }
      guard let place = places[shape] else {
        places[shape] = result.count
        result.append(cause)
        continue
      }
      if cause.isCycle && cause.isStructural {
        result[place].repeats += 1
      } else {
        result[place].nodes += cause.nodes
      }
      result[place].behind += cause.behind
    }
    for index in result.indices {
      result[index].behind = Array(Set(result[index].behind)).sorted()
    }
    return result
  }

  /// Waiters and holders of one resource that are compared.
  private static let limit = 16

  /// Nothing for what there is only one of, such as a loop.
  private func shape(of cause: Cause) -> CauseShape? {
    var members: Set<Shape> = []
    for node in cause.nodes {
      switch model.nodes[node] {
      case .party(let index): members.insert(.party(namer.shape(party: index)))
      case .resource(let index, _):
        members.insert(.resource(namer.shape(resource: index)))
        for waiter in model.waiters[index, default: []].prefix(Self.limit) {
          members.insert(.party(namer.shape(party: waiter)))
        }
        for hold in world.resources[index].holds.prefix(Self.limit) {
          members.insert(.party(namer.shape(party: hold.party)))
        }
      case .descriptor where model.kind(of: cause) == .pipeCycle: continue
      case .thread, .executor, .descriptor, .outside, .anything: return nil
      }
    }
    return CauseShape(
      kind: model.kind(of: cause), isStructural: cause.isStructural, isProved: cause.isProved,
      members: members)
  }
}
