import History
import TraceFormat

/// Who cannot go on for what some causes keep from coming, and for nothing else.
///
/// Who waits for all of several, as the main task of a service does that gathers what runs for ever, is not held up as
/// long as one of them goes on, or waits for something else.
struct HeldUp {
  private let model: WaitModel
  private let held: [Bool]

  init(by causes: [Cause], in model: WaitModel) {
    self.model = model
    let awaited = Set(
      causes.flatMap(\.nodes).filter { model.isAwaitedThing($0) && !model.isParked($0) })
    var graph = LivenessGraph()
    for node in model.nodes.indices {
      _ = graph.addNode(awaited.contains(node) ? .all : .any)
    }
    for node in model.nodes.indices where !awaited.contains(node) && !model.live[node] {
      let isThing = model.isAwaitedThing(node)
      if model.hasMembers(node) { graph.setMode(model.graph.modes[node], of: node) }
      for target in model.targets(of: node) {
        if isThing { continue }
        if model.hasMembers(node) || !model.live[target] { graph.addEdge(node, target) }
      }
    }
    held = causes.isEmpty ? [] : graph.live()
  }

  func contains(anyOf parties: Set<Int>) -> Bool {
    parties.contains { party in
      model.numbers[.party(party)].map { held.indices.contains($0) && held[$0] } ?? false
    }
  }
}

extension WaitModel {
  /// Whether a node stands for what comes from others, and not for the ends of some.
  fileprivate func isAwaitedThing(_ node: Int) -> Bool {
    if case .resource = nodes[node] { !hasMembers(node) } else { false }
  }

  /// Whether nobody but those that wait for the end of the one that waits for it could have acted on it, and none such
  /// ever was: so it is written to serve for ever.
  fileprivate func isParked(_ node: Int) -> Bool {
    guard case .resource(let index, _) = nodes[node],
      [.future, .event].contains(world.resources[index].kind), !hasEndedBefore(index)
    else { return false }
    return targets(of: node).allSatisfy { targets(of: $0).contains(where: hasMembers) }
  }

  fileprivate func hasMembers(_ node: Int) -> Bool {
    guard case .resource(let index, _) = nodes[node] else { return false }
    return !world.resources[index].members.isEmpty
  }
}
