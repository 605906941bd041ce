/// An AND/OR graph of what has to be able to go on before something else can.
///
/// A node that needs all of its edges is live when each of them is; one that needs any is live when one
/// of them is, so without edges it is never. The live set is the least fixpoint, in time linear in nodes
/// and edges: each node counts the edges that it still lacks.
struct LivenessGraph {
  enum Mode { case all, any }

  private(set) var modes: [Mode] = []
  private(set) var edges: [[Int]] = []

  mutating func addNode(_ mode: Mode) -> Int {
    modes.append(mode)
    edges.append([])
    return modes.count - 1
  }

  mutating func setMode(_ mode: Mode, of node: Int) { modes[node] = mode }

  mutating func addEdge(_ from: Int, _ to: Int) { edges[from].append(to) }

  /// Whether each node can go on.
  func live() -> [Bool] {
    let dependents = Dependents(edges)
    var lacking = [Int](repeating: 0, count: modes.count)
    var live = [Bool](repeating: false, count: modes.count)
    var queue: [Int] = []
    for node in modes.indices {
      lacking[node] = modes[node] == .all ? edges[node].count : 1
      if lacking[node] == 0 {
        live[node] = true
        queue.append(node)
      }
    }
    while let node = queue.popLast() {
      for dependent in dependents[node] where !live[dependent] {
        lacking[dependent] -= 1
        if lacking[dependent] == 0 {
          live[dependent] = true
          queue.append(dependent)
        }
      }
    }
    return live
  }

  /// The strongly connected components of the nodes that are not live, by Tarjan's algorithm: the
  /// component of each node, numbered so that a component's number is greater than those it reaches.
  func components(among live: [Bool]) -> [Int?] {
    var search = ComponentSearch(graph: self, live: live)
    for node in modes.indices where !live[node] && search.index[node] == nil { search.visit(node) }
    return search.component
  }
}

/// The edges of a graph by where they lead, in two lists for all nodes.
private struct Dependents {
  private var ends: [Int]
  private var nodes: [Int]

  init(_ edges: [[Int]]) {
    ends = Array(repeating: 0, count: edges.count)
    for targets in edges { for target in targets { ends[target] += 1 } }
    var sum = 0
    // Where the list of a node begins, until it has been filled.
    for node in ends.indices { (ends[node], sum) = (sum, sum + ends[node]) }
    nodes = Array(repeating: 0, count: sum)
    for (node, targets) in edges.enumerated() {
      for target in targets {
        nodes[ends[target]] = node
        ends[target] += 1
      }
    }
  }

  subscript(node: Int) -> ArraySlice<Int> { nodes[(node == 0 ? 0 : ends[node - 1])..<ends[node]] }
}

/// Tarjan's search without recursion, for waits may form chains of any length.
private struct ComponentSearch {
  let graph: LivenessGraph
  let live: [Bool]
  var index: [Int?]
  var low: [Int]
  var component: [Int?]
  var onStack: [Bool]
  var stack: [Int] = []
  var counter = 0
  var componentCount = 0

  init(graph: LivenessGraph, live: [Bool]) {
    self.graph = graph
    self.live = live
    index = Array(repeating: nil, count: live.count)
    low = Array(repeating: 0, count: live.count)
    component = Array(repeating: nil, count: live.count)
    onStack = Array(repeating: false, count: live.count)
  }

  mutating func visit(_ root: Int) {
    var frames: [(node: Int, edge: Int)] = [(root, 0)]
    open(root)
    while let (node, edge) = frames.last {
      if edge < graph.edges[node].count {
        frames[frames.count - 1].edge += 1
        let target = graph.edges[node][edge]
        guard !live[target] else { continue }
        if index[target] == nil {
          open(target)
          frames.append((target, 0))
        } else if onStack[target] {
          low[node] = min(low[node], index[target]!)
        }
      } else {
        frames.removeLast()
        if let parent = frames.last { low[parent.node] = min(low[parent.node], low[node]) }
        if low[node] == index[node] { close(node) }
      }
    }
  }

  private mutating func open(_ node: Int) {
    index[node] = counter
    low[node] = counter
    counter += 1
    stack.append(node)
    onStack[node] = true
  }

  private mutating func close(_ root: Int) {
    while let node = stack.popLast() {
      onStack[node] = false
      component[node] = componentCount
      if node == root { break }
    }
    componentCount += 1
  }
}
