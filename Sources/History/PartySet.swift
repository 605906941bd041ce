/// Parties that did something, each once.
///
/// Mostly the same few do it again and again. Where they are many, one more is only written down; those that came
/// twice are taken out when there are twice as many as there were.
package struct PartySet: Sequence, Sendable {
  private var members: [UInt32] = []
  private var latest = UInt32.max
  /// Members, each at a place that follows from its number: most of those that come are found there.
  private var recent: [UInt32] = []
  /// As many are compared one by one.
  private static let few = 1 << 6
  /// When those that came twice are taken out.
  private var limit = 4 * few

  package init() {}

  package var isEmpty: Bool { members.isEmpty }
  /// Exact as long as they are few; else too large at most.
  var count: Int { members.count }

  package func makeIterator() -> some IteratorProtocol<Int> {
    (members.count <= Self.few ? members : unique).lazy.map { Int($0) }.makeIterator()
  }

  package func contains(_ party: Int) -> Bool {
    members.contains(UInt32(truncatingIfNeeded: party))
  }

  /// As many of those that came last.
  func latest(_ count: Int) -> [Int] {
    (members.count <= Self.few ? members : unique).suffix(count).map { Int($0) }
  }

  package func union(_ other: PartySet) -> Set<Int> { Set(self).union(other) }

  mutating func insert(_ party: Int) {
    let new = UInt32(truncatingIfNeeded: party)
    if new == latest { return }
    latest = new
    if members.count < Self.few {
      let place = Int((new &* 0x9e37_79b9) >> 26)
      if !recent.isEmpty, recent[place] == new { return }
      if members.contains(new) {
        if recent.isEmpty { recent = Array(repeating: .max, count: Self.few) }
        recent[place] = new
        return
      }
    }
    members.append(new)
    if members.count >= limit {
      members = unique
      limit = Swift.max(4 * Self.few, 2 * members.count)
    }
  }

  /// In the order in which they came last.
  private var unique: [UInt32] {
    guard let least = members.min(), let most = members.max() else { return [] }
    var isSeen = [UInt64](repeating: 0, count: Int(most - least) / 64 + 1)
    var result: [UInt32] = []
    for member in members.reversed() {
      let place = Int(member - least)
      let bit: UInt64 = 1 << UInt64(place % 64)
      if isSeen[place / 64] & bit != 0 { continue }
      isSeen[place / 64] |= bit
      result.append(member)
    }
    return result.reversed()
  }

  /// - Parameter keep: the new number of a party, nothing to let go of it.
  mutating func renumber(_ keep: (Int) -> Int?) {
    let kept = self.compactMap { keep($0).map { UInt32(truncatingIfNeeded: $0) } }
    self = PartySet()
    members = kept
    limit = Swift.max(4 * Self.few, 2 * kept.count)
  }
}
