import Findings
import History
import TraceFormat

/// Draws the wait model as a graph of parties and resources.
struct GraphBuilder {
  let model: WaitModel
  private(set) var namer: Namer
  let causes: [Cause]

  private var world: World { model.world }

  /// As many of one shape are still drawn one by one.
  private static let crowdLimit = 8

  init(model: WaitModel, namer: Namer, causes: [Cause]) {
    self.model = model
    self.namer = namer
    self.causes = causes
  }

  func graph(all: Bool) -> WaitGraph {
    let causal = Set(causes.flatMap(\.nodes))
    let behind = Set(causes.flatMap(\.behind))
    let shown = model.nodes.indices.filter {
      shows($0, all: all, causal: causal, behind: behind)
    }
    var builder = self
    builder.namer.crowds = Crowds(
      parties: shown.compactMap {
        if case .party(let party) = model.nodes[$0] { party } else { nil }
      },
      resources: shown.compactMap {
        if case .resource(let resource, _) = model.nodes[$0] { resource } else { nil }
      }, limit: Self.crowdLimit, namer: namer)
    return builder.graph(of: shown, causal: causal)
  }

  private func graph(of shown: [Int], causal: Set<Int>) -> WaitGraph {
    var graph = WaitGraph(time: world.now)
    var numbers: [Int: Int] = [:]
    for node in shown where stand(for: node) == node {
      guard let drawn = draw(node, isCause: causal.contains(node)) else { continue }
      numbers[node] = graph.nodes.count
      graph.nodes.append(drawn)
    }
    var drawn: Set<[Int]> = []
    for node in shown {
      guard let from = numbers[stand(for: node)] else { continue }
      for target in model.targets(of: node) {
        guard let to = numbers[stand(for: target)] else { continue }
        // Within a crowd each waits for another one.
        guard from != to || stand(for: target) != target || stand(for: node) != node,
          drawn.insert([from, to]).inserted
        else { continue }
        if case .thread = model.nodes[target], model.live[target] { continue }
        graph.edges.append(
          WaitGraph.Edge(
            from: from, to: to, relation: relation(node, target), site: site(of: node),
            isCycle: causal.contains(node) && causal.contains(target)))
      }
    }
    return graph
  }

  /// The node that is drawn for this one: mostly itself.
  private func stand(for node: Int) -> Int {
    switch model.nodes[node] {
    case .party(let index):
      return model.numbers[.party(namer.crowds.shown(party: index))] ?? node
    case .resource(let index, let operation):
      return model.numbers[.resource(namer.crowds.shown(resource: index), operation)] ?? node
    case .thread, .executor, .descriptor, .outside, .anything: return node
    }
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
