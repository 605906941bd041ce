import Testing

@testable import Analysis

/// The liveness rule against a brute force that follows its definition word by word.
@Suite struct LivenessTests {
  /// Repeats the rule over all nodes until nothing changes.
  private func bruteForce(_ graph: LivenessGraph) -> [Bool] {
    var live = [Bool](repeating: false, count: graph.modes.count)
    while true {
      var next = live
      for node in live.indices {
        switch graph.modes[node] {
        case .all: next[node] = graph.edges[node].allSatisfy { live[$0] }
        case .any: next[node] = graph.edges[node].contains { live[$0] }
        }
      }
      if next == live { return live }
      live = next
    }
  }

  @Test func everyGraphOfThreeNodesAgreesWithBruteForce() {
    // 2 modes and 8 sets of edges for each of three nodes.
    for code in 0..<(16 * 16 * 16) {
      var graph = LivenessGraph()
      for node in 0..<3 { _ = graph.addNode((code >> (node * 4)) & 1 == 0 ? .all : .any) }
      for node in 0..<3 {
        for target in 0..<3 where (code >> (node * 4 + 1 + target)) & 1 == 1 {
          graph.addEdge(node, target)
        }
      }
      #expect(graph.live() == bruteForce(graph), "graph \(code)")
    }
  }

  @Test func randomGraphsAgreeWithBruteForce() {
    var random = SplitMix(state: 20_260)
    for round in 0..<2_000 {
      var graph = LivenessGraph()
      let count = 2 + Int(random.next() % 12)
      for _ in 0..<count { _ = graph.addNode(random.next() % 2 == 0 ? .all : .any) }
      for _ in 0..<(random.next() % 24) {
        graph.addEdge(Int(random.next() % UInt64(count)), Int(random.next() % UInt64(count)))
      }
      #expect(graph.live() == bruteForce(graph), "seed 20260, round \(round)")
    }
  }

  @Test func componentsOfALongChainDoNotOverflowTheStack() {
    var graph = LivenessGraph()
    let length = 200_000
    for _ in 0..<length { _ = graph.addNode(.all) }
    for node in 0..<length { graph.addEdge(node, (node + 1) % length) }
    let live = graph.live()
    #expect(!live.contains(true))
    #expect(Set(graph.components(among: live)) == [0])
  }
}

struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
