import CSwiftRuntime

/// A list in memory of its own, for the time of a snapshot. Elements are plain data; what is never filled takes none.
struct Scratch<Element> {
  let base: UnsafeMutablePointer<Element>
  let capacity: Int
  private(set) var count = 0

  init?(capacity: Int) {
    guard let memory = probe_reserve(max(capacity, 1) &* MemoryLayout<Element>.stride) else {
      return nil
    }
    base = memory.assumingMemoryBound(to: Element.self)
    self.capacity = max(capacity, 1)
  }

  func free() { probe_unreserve(base, capacity &* MemoryLayout<Element>.stride) }

  /// False if it is full.
  @inline(__always)
  mutating func append(_ element: Element) -> Bool {
    guard count < capacity else { return false }
    base[count] = element
    count &+= 1
    return true
  }

  @inline(__always)
  mutating func popLast() -> Element? {
    guard count > 0 else { return nil }
    count &-= 1
    return base[count]
  }

  mutating func removeLast(to kept: Int) { count = kept }

  @inline(__always)
  subscript(index: Int) -> Element {
    get { base[index] }
    nonmutating set { base[index] = newValue }
  }
}
