import CPlatform
import TraceABI

/// The first bytes of a thread's name.
struct ThreadName {
  static let limit = 48
  private(set) var length = 0
  private var bytes: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)

  init() {}

  init(_ text: UnsafePointer<CChar>, _ count: Int) {
    length = cutUTF8(text, count, limit: Self.limit)
    let kept = length
    withUnsafeMutableBytes(of: &bytes) { platform_copy($0.baseAddress, text, kept) }
  }

  func withText(_ body: (UnsafeRawPointer) -> Void) {
    withUnsafeBytes(of: bytes) { body($0.baseAddress!) }
  }
}

extension LiveState {
  /// Remembers the threads that a buffer defines, and that are alive: each follows its name, or that of the one before.
  static func noteThreads(_ buffer: UnsafeMutablePointer<coroner_buffer>) {
    ThreadFrame.place = buffer.pointee.first_index
    let end = Int(truncatingIfNeeded: platform_load(&buffer.pointee.committed))
    let items = UnsafeRawPointer(buffer) + MemoryLayout<coroner_buffer>.size
    var name = ThreadName()
    var offset = 0
    while offset < end {
      let item = items + offset
      let length = Int(item.load(as: UInt16.self))
      let payload = item + DefinitionItem.headerSize
      if item.load(fromByteOffset: 2, as: UInt8.self) == UInt8(CORONER_DEFINE_STRING.rawValue) {
        name = ThreadName(payload.assumingMemoryBound(to: CChar.self), length)
      } else {
        note(
          item.load(fromByteOffset: 4, as: UInt32.self), payload.loadUnaligned(as: UInt64.self),
          name)
      }
      offset &+= DefinitionItem.size(payload: length)
    }
  }

  private static func note(_ slot: UInt32, _ tid: UInt64, _ name: ThreadName) {
    let entity = Table.peek(.thread, UInt64(slot))
    guard entity >= 0, Table.entities[Int(entity)].executor > 0 else { return }
    let index = Int(Table.entities[Int(entity)].executor &- 1)
    threads[index].tid = tid
    threads[index].name = name
  }
}

/// Defines the threads of a key frame anew: what defined them may have been given up.
enum ThreadFrame {
  private static let capacity = Int(CORONER_BUFFER_SIZE) &- MemoryLayout<coroner_buffer>.size
  /// As a hot buffer: what the encoder takes.
  nonisolated(unsafe) private static var buffer: UnsafeMutablePointer<coroner_buffer>?
  nonisolated(unsafe) private static var used = 0
  /// Of the bytes that define threads: a reader takes later ones for newer.
  nonisolated(unsafe) static var place: UInt64 = 0

  /// Whether there was room for all.
  static func write() -> Bool {
    if buffer == nil {
      guard let memory = platform_reserve(Int(CORONER_BUFFER_SIZE)) else { return false }
      buffer = memory.bindMemory(to: coroner_buffer.self, capacity: 1)
      buffer!.pointee.content = UInt32(CORONER_BUFFER_DEFINITIONS.rawValue)
      buffer!.pointee.thread = 1
    }
    buffer!.pointee.first_index = place
    used = 0
    for index in 0..<LiveState.threadCount where LiveState.threads[index].tid > 0 {
      let most = DefinitionItem.size(payload: ThreadName.limit) &+ DefinitionItem.size(payload: 16)
      if used &+ most > capacity, !flush() { return false }
      put(LiveState.threads[index])
    }
    return flush()
  }

  private static func put(_ thread: LiveThread) {
    // Other strings have small numbers.
    let name = 1 << 31 | thread.slot
    thread.name.withText { put(CORONER_DEFINE_STRING, name, $0, thread.name.length) }
    withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) {
      $0.storeBytes(of: thread.tid, as: UInt64.self)
      $0.storeBytes(of: UInt64(name), toByteOffset: 8, as: UInt64.self)
      put(CORONER_DEFINE_THREAD, thread.slot, UnsafeRawPointer($0.baseAddress!), 16)
    }
  }

  private static func put(
    _ kind: coroner_definition_kind, _ id: UInt32, _ payload: UnsafeRawPointer, _ length: Int
  ) {
    let items = UnsafeMutableRawPointer(buffer!) + MemoryLayout<coroner_buffer>.size
    DefinitionItem.write(kind, id: id, payload: payload, length: length, to: items + used)
    used &+= DefinitionItem.size(payload: length)
  }

  private static func flush() -> Bool {
    buffer!.pointee.committed = UInt64(used)
    used = 0
    guard Ring.hasRoom, let section = SectionEncoder.first.pointee.encode(buffer!) else {
      return false
    }
    return TraceFile.append(section)
  }
}
