import CProcessor

/// What numbers of the trace stand for: an open hash table without a word besides its entries.
///
/// Nothing is ever taken out of it: a number that was used will be used again.
struct NumberTable: Sendable {
  private struct Entry {
    var key: UInt64 = 0
    var value = NumberTable.none
  }

  /// No value.
  private static let none = UInt32.max
  private var entries = [Entry](repeating: Entry(), count: 16)
  private(set) var count = 0

  /// Addresses that follow each other must not crowd, whatever lies between two of them. Of the product the upper
  /// half is as good as random.
  private static func hash(_ key: UInt64) -> Int {
    let mixed = (key ^ key >> 32) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed >> 32)
  }

  /// Asks for the entry of a key to be near when it is looked up.
  func prefetch(_ key: UInt64) {
    entries.withUnsafeBufferPointer { entries in
      processor_prefetch(entries.baseAddress! + (Self.hash(key) & (entries.count - 1)))
    }
  }

  subscript(key: UInt64) -> UInt32? {
    get {
      entries.withUnsafeBufferPointer { entries in
        let mask = entries.count - 1
        var at = Self.hash(key) & mask
        // At least half of the entries are free.
        while entries[at].value != Self.none {
          if entries[at].key == key { return entries[at].value }
          at = (at + 1) & mask
        }
        return nil
      }
    }
    set {
      guard let newValue else { return }
      if 2 * count >= entries.count { grow() }
      let isNew = entries.withUnsafeMutableBufferPointer { entries in
        let mask = entries.count - 1
        var at = Self.hash(key) & mask
        while entries[at].value != Self.none, entries[at].key != key { at = (at + 1) & mask }
        let isNew = entries[at].value == Self.none
        entries[at] = Entry(key: key, value: newValue)
        return isNew
      }
      if isNew { count += 1 }
    }
  }

  private mutating func grow() {
    let old = entries
    entries = [Entry](repeating: Entry(), count: 2 * old.count)
    count = 0
    for entry in old where entry.value != Self.none { self[entry.key] = entry.value }
  }

  mutating func mapValues(_ transform: (UInt32) -> UInt32) {
    for at in entries.indices where entries[at].value != Self.none {
      entries[at].value = transform(entries[at].value)
    }
  }
}

/// The party or resource behind each number.
struct LivingTable: Sendable {
  private var table = NumberTable()
  /// Numbers that there are.
  var count: Int { table.count }
  func prefetch(_ number: UInt64) { table.prefetch(number) }

  subscript(number: UInt64) -> Entity? {
    get { table[number].flatMap { PackedEntity(raw: $0).entity } }
    set { if let newValue { table[number] = PackedEntity(newValue).raw } }
  }

  mutating func renumber(_ map: Renumbering) {
    table.mapValues { raw in
      PackedEntity(raw: raw).entity.map { PackedEntity(map.entity($0)).raw } ?? raw
    }
  }
}
