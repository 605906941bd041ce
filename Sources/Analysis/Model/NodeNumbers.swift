/// The number of each node of a wait-for graph. Every party has one, so they are found without hashing.
struct NodeNumbers {
  private var parties: [Int32]
  private var others: [WaitModel.Node: Int] = [:]

  init(parties count: Int = 0) { parties = Array(repeating: -1, count: count) }

  subscript(node: WaitModel.Node) -> Int? {
    get {
      guard case .party(let index) = node else { return others[node] }
      return parties[index] < 0 ? nil : Int(parties[index])
    }
    set {
      guard case .party(let index) = node else {
        others[node] = newValue
        return
      }
      parties[index] = newValue.map { Int32(truncatingIfNeeded: $0) } ?? -1
    }
  }
}
