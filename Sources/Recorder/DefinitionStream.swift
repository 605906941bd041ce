import CPlatform
import TraceABI

/// Definitions on their way into the file: items, one after another, in a hot buffer.
struct DefinitionStream {
  private let isOfThreads: Bool
  /// The active buffer, bytes used in it, and bytes in all buffers before it.
  private var buffer: Int32?
  private var used = 0
  private var bytesBefore: UInt64 = 0

  private static let capacity = Int(CORONER_BUFFER_SIZE) &- MemoryLayout<coroner_buffer>.size

  init(isOfThreads: Bool) { self.isOfThreads = isOfThreads }

  /// Whether the next thread with its name may begin another buffer.
  var isNarrow: Bool {
    used &+ 24 &+ DefinitionItem.size(payload: Int(CORONER_STRING_LIMIT)) > Self.capacity
      || used == 0
  }

  /// Appends a whole item to the active buffer, replacing that when it is full.
  mutating func write(_ item: UnsafeRawPointer, _ size: Int) -> Bool {
    if buffer == nil || used &+ size > Self.capacity {
      guard replaceBuffer() else { return false }
    }
    guard let buffer else { return false }
    platform_copy(BufferPool.records(of: buffer) + used, item, size)
    used &+= size
    platform_store(&BufferPool.memory(of: buffer).pointee.committed, UInt64(used))
    return true
  }

  private mutating func replaceBuffer() -> Bool {
    platform_lock(Int32(PLATFORM_POOL))
    defer { platform_unlock(Int32(PLATFORM_POOL)) }
    guard BufferPool.isOpen else { return false }
    if let old = buffer {
      BufferPool.markFull(old)
      BufferPool.handOver(old)
      bytesBefore &+= UInt64(used)
    }
    used = 0
    buffer = BufferPool.take(
      CORONER_BUFFER_DEFINITIONS, thread: isOfThreads ? Self.ofThreads : 0,
      firstIndex: bytesBefore, limit: BufferPool.definitionsLimit, mayWait: true)
    return buffer != nil
  }

  mutating func restart() { (buffer, used, bytesBefore) = (nil, 0, 0) }

  /// Instead of a thread, in the header of a buffer: what may be given up.
  private static let ofThreads: UInt32 = 1

  /// Whether a buffer's definitions stay for as long as the file.
  static func isForEver(_ buffer: UnsafePointer<coroner_buffer>) -> Bool {
    buffer.pointee.content == CORONER_BUFFER_DEFINITIONS.rawValue && buffer.pointee.thread == 0
  }
}
