import CPlatform

/// A piece of the file, allocated and mapped, for the next sections: a thread that empties its buffer copies the
/// section there, and makes no call that could wait for the disk. The drain thread prepares the next one in time.
///
/// Used by who drains, one thread at a time, but for `prepare`.
struct Window {
  /// Some of the largest sections, a hundred of the usual ones; more where the drain thread comes too late.
  nonisolated(unsafe) private(set) static var size: UInt64 = 512 << 10
  private static let largest: UInt64 = 8 << 20

  private var memory: UnsafeMutableRawPointer?
  /// What of the file it shows: nothing where both are equal.
  private var start: UInt64 = 0
  private var end: UInt64 = 0

  nonisolated(unsafe) private static var current = Window()
  nonisolated(unsafe) private static var next = Window()

  /// What is behind a section there may still be padding: its header has room, too.
  static func shows(_ offset: UInt64, _ length: UInt64) -> Bool {
    offset >= current.start
      && offset &+ length &+ UInt64(TraceFile.sectionHeaderSize) <= current.end
  }

  /// Whether the next one is needed before long, for sections from `offset` on and up to `limit`.
  static func isNarrow(at offset: UInt64, limit: UInt64) -> Bool {
    !shows(offset, min(size / 2, limit &- offset))
  }

  /// Where it ends, if more can be appended at `offset`.
  static func end(showing offset: UInt64) -> UInt64? { shows(offset, 0) ? current.end : nil }

  /// Makes the next one, which shows the file from `offset` on, as far as `limit`; that part is allocated. Others
  /// may write into the current one meanwhile. Whether that worked.
  static func prepare(_ descriptor: Int32, from offset: UInt64, limit: UInt64) -> Bool {
    let page = offset & ~UInt64(TraceFile.page &- 1)
    let length = min(size, limit &- page)
    (next.start, next.end) = (0, 0)
    if next.memory == nil { next.memory = platform_reserve_mapping(largest) }
    guard let memory = next.memory, platform_remap(memory, descriptor, page, length) else {
      return false
    }
    (next.start, next.end) = (page, page &+ length)
    return true
  }

  /// The next ones are larger.
  static func enlarge() { size = min(4 &* size, largest) }

  /// From now on the next one is the current one.
  static func turn() {
    (current, next) = (next, current)
    (next.start, next.end) = (0, 0)
  }

  /// Whether it shows that part of the file; then the bytes are there.
  static func write(_ bytes: UnsafeRawPointer, _ length: UInt64, at offset: UInt64) -> Bool {
    guard let memory = current.memory, offset >= current.start, offset &+ length <= current.end
    else { return false }
    platform_copy(memory + Int(truncatingIfNeeded: offset &- current.start), bytes, Int(length))
    return true
  }

  static func close() { (current.start, current.end) = (0, 0) }

  /// Lets go of the file; who still writes there hurts nobody.
  static func detach() {
    detach(&current)
    detach(&next)
  }

  private static func detach(_ window: inout Window) {
    (window.start, window.end) = (0, 0)
    if let memory = window.memory { platform_detach(memory, Int(largest)) }
  }
}
