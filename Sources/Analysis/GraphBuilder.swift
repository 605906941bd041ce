import Findings
import History
import TraceFormat

/// Draws the wait model as a graph of parties and resources.
struct GraphBuilder {
  let model: WaitModel
  let namer: Namer
  let causes: [Cause]

  private var world: World { model.world }

  func graph(all: Bool) -> WaitGraph {
    var graph = WaitGraph(time: world.now)
    let causal = Set(causes.flatMap(\.nodes))
    let behind = Set(causes.flatMap(\.behind))
    var numbers: [Int: Int] = [:]
    for node in model.nodes.indices {
      guard shows(node, all: all, causal: causal, behind: behind) else { continue }
      guard let drawn = draw(node, isCause: causal.contains(node)) else { continue }
      numbers[node] = graph.nodes.count
      graph.nodes.append(drawn)
    }
    for (node, from) in numbers.sorted(by: { $0.value < $1.value }) {
      for target in model.targets(of: node) {
        guard let to = numbers[target], from != to else { continue }
        if case .thread = model.nodes[target], model.live[target] { continue }
        graph.edges.append(
          WaitGraph.Edge(
            from: from, to: to, relation: relation(node, target), site: site(of: node),
            isCycle: causal.contains(node) && causal.contains(target)))
      }
    }
    return graph
  }

  private func shows(_ node: Int, all: Bool, causal: Set<Int>, behind: Set<Int>) -> Bool {
    if causal.contains(node) { return true }
    switch model.nodes[node] {
    case .anything, .outside, .descriptor: return false
    case .party(let index):
      if world.parties[index].kind == .thread { return false }
      return all || behind.contains(index)
    case .resource(let index, _):
      if all { return true }
      return model.waiters[index, default: []].contains { behind.contains($0) } && !model.live[node]
    case .thread: return !model.live[node]
    case .executor: return all || !model.live[node]
    }
  }

  private func draw(_ node: Int, isCause: Bool) -> WaitGraph.Node? {
    let state: WaitGraph.Node.State = isCause ? .cause : model.live[node] ? .live : .stuck
    switch model.nodes[node] {
    case .party(let index):
      let party = world.parties[index]
      let wait = party.wait
      return WaitGraph.Node(
        name: namer.name(party: index), kind: party.kind == .job ? .job : .task,
        state: party.isEnded ? .ended : state,
        detail: wait.map { "waits since \(Clock.instant($0.since))" } ?? "", site: site(of: node))
    case .thread(let slot):
      guard let thread = world.threads[slot] else { return nil }
      return WaitGraph.Node(
        name: namer.name(party: thread.party), kind: thread.loops.isEmpty ? .thread : .loop,
        state: state, detail: "", site: nil)
    case .resource(let index, _), .executor(let index):
      return WaitGraph.Node(
        name: namer.name(resource: index), kind: .resource, state: state,
        detail: namer.word(world.resources[index].kind),
        site: namer.userSite(world.resources[index].created?.site))
    case .anything, .outside, .descriptor: return nil
    }
  }

  private func site(of node: Int) -> Site? {
    guard case .party(let index) = model.nodes[node] else { return nil }
    return namer.userSite(world.parties[index].wait?.site)
  }

  private func relation(_ from: Int, _ to: Int) -> String {
    switch (model.nodes[from], model.nodes[to]) {
    case (.party, .thread): "runs on"
    case (.party, .party): "awaits"
    case (.party, _), (.thread, _): "waits for"
    case (.resource(let index, _), .party):
      world.resources[index].holds.isEmpty ? "provided by" : "held by"
    case (.executor, _): "busy with"
    case (.resource, _), (.descriptor, _), (.outside, _), (.anything, _): "needs"
    }
  }
}
