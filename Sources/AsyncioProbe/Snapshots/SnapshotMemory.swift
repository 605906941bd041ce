import CPythonABI

/// A list in memory of its own, for the time of a snapshot. Elements are plain data.
struct Buffer<Element> {
  private(set) var base: UnsafeMutablePointer<Element>? = nil
  private(set) var count = 0
  private var capacity = 0

  /// False if there is no memory.
  @inline(__always)
  mutating func append(_ element: Element) -> Bool {
    if count == capacity, !grow() { return false }
    base![count] = element
    count &+= 1
    return true
  }

  @inline(__always)
  mutating func popLast() -> Element? {
    if count == 0 { return nil }
    count &-= 1
    return base![count]
  }

  @inline(__always)
  subscript(index: Int) -> Element {
    get { base![index] }
    nonmutating set { base![index] = newValue }
  }

  mutating func free() {
    if let base { probe_unmap(base, size(capacity)) }
    self = Buffer()
  }

  mutating func removeAll() { count = 0 }

  private func size(_ elements: Int) -> Int { elements &* MemoryLayout<Element>.stride }

  private mutating func grow() -> Bool {
    let wanted = capacity == 0 ? 512 : capacity &* 2
    let memory =
      base.map { probe_remap($0, size(capacity), size(wanted)) } ?? probe_map(size(wanted))
    guard let memory else { return false }
    base = memory.assumingMemoryBound(to: Element.self)
    capacity = wanted
    return true
  }
}
