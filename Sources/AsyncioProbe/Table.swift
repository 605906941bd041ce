import CPythonABI

/// What is known of an interned stack.
struct StackEntry {
  /// 0: the slot is free.
  var key: UInt64 = 0
  var id: UInt32 = 0
  /// Which frame of the await chain, outermost first, waits for a known primitive; -1: none does.
  var frame: Int16 = -1
  var operation: UInt8 = 0
  var slot: UInt8 = 0
}

/// An open hash table from 64-bit keys that never forgets. Guarded by the GIL.
struct Table {
  private var entries: UnsafeMutablePointer<StackEntry>? = nil
  private var capacity = 0
  private var count = 0

  /// The entry of a key; it is valid until the next `insert`.
  @inline(__always) func find(_ key: UInt64) -> UnsafeMutablePointer<StackEntry>? {
    guard let entries else { return nil }
    var index = Int(truncatingIfNeeded: mix(key)) & (capacity - 1)
    while entries[index].key != 0 {
      if entries[index].key == key { return entries + index }
      index = (index + 1) & (capacity - 1)
    }
    return nil
  }

  /// Adds an entry whose key is not there yet; drops it when there is no memory.
  mutating func insert(_ entry: StackEntry) {
    if (count + 1) * 2 > capacity, !grow() { return }
    place(entry)
    count += 1
  }

  private func place(_ entry: StackEntry) {
    guard let entries else { return }
    var index = Int(truncatingIfNeeded: mix(entry.key)) & (capacity - 1)
    while entries[index].key != 0 { index = (index + 1) & (capacity - 1) }
    entries[index] = entry
  }

  private mutating func grow() -> Bool {
    let wanted = capacity == 0 ? 4096 : capacity * 2
    guard let memory = calloc(wanted, MemoryLayout<StackEntry>.stride) else { return false }
    let old = entries
    let oldCapacity = capacity
    entries = memory.assumingMemoryBound(to: StackEntry.self)
    capacity = wanted
    guard let old else { return true }
    for index in 0..<oldCapacity where old[index].key != 0 { place(old[index]) }
    free(old)
    return true
  }
}

@inline(__always) func mix(_ key: UInt64) -> UInt64 {
  var hash = key &* 0x9E37_79B9_7F4A_7C15
  hash ^= hash >> 32
  return hash
}
