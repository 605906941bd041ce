/// A set of parties, in the order in which they came.
package struct PartySet: Sequence, Sendable {
  private var members: [UInt32] = []
  /// A hash table of the members once they are many; the highest number where there is none.
  private var table: [UInt32] = []
  /// Whoever does a thing mostly does it again.
  private var latest = UInt32.max
  /// As many are compared one by one.
  private static let few = 8

  package init() {}

  package var isEmpty: Bool { members.isEmpty }
  package var count: Int { members.count }

  package func makeIterator() -> some IteratorProtocol<Int> {
    members.lazy.map { Int($0) }.makeIterator()
  }

  package func contains(_ party: Int) -> Bool { has(UInt32(truncatingIfNeeded: party)) }

  /// As many of those that came last.
  func latest(_ count: Int) -> some Sequence<Int> { members.suffix(count).lazy.map { Int($0) } }

  package func union(_ other: PartySet) -> Set<Int> { Set(self).union(other) }

  mutating func insert(_ party: Int) {
    let new = UInt32(truncatingIfNeeded: party)
    if new == latest { return }
    latest = new
    if has(new) { return }
    members.append(new)
    if members.count > Self.few { enter(new) }
  }

  private func has(_ party: UInt32) -> Bool {
    if table.isEmpty { return members.contains(party) }
    return table[place(party)] == party
  }

  /// Where a party is in the table, or would be.
  private func place(_ party: UInt32) -> Int {
    let product = UInt64(party) &* 0x9e37_79b9_7f4a_7c15
    let mask = table.count - 1
    return table.withUnsafeBufferPointer { table in
      var at = Int(truncatingIfNeeded: product >> 32) & mask
      // At least half of the entries are free.
      while table[at] != .max, table[at] != party { at = (at + 1) & mask }
      return at
    }
  }

  private mutating func enter(_ party: UInt32) {
    if 2 * members.count > table.count {
      table = [UInt32](repeating: .max, count: Swift.max(32, 2 * table.count))
      for member in members { table[place(member)] = member }
    } else {
      table[place(party)] = party
    }
  }

  /// - Parameter keep: the new number of a party, nothing to let go of it.
  mutating func renumber(_ keep: (Int) -> Int?) {
    let kept = members.compactMap { keep(Int($0)) }
    self = PartySet()
    for party in kept { insert(party) }
  }
}
