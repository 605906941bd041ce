import TraceABI

/// What the buffers of a hot section hold: events and definitions that no block has yet.
struct HotBuffer {
  var isDefinitions: Bool
  var thread: UInt32
  var firstIndex: UInt64
  /// Where its records or definition items are, complete ones only.
  private var offset: UInt64
  private var length: Int

  /// The bytes of records or of definition items.
  func contents(_ file: TraceFile) -> [UInt8] {
    var bytes = file.read(at: offset, count: length)
    if !isDefinitions { bytes.removeLast(bytes.count % Self.recordSize) }
    return bytes
  }

  /// Bytes of an event.
  static let recordSize = 32

  /// The buffers of a section that are in use.
  static func all(of section: Section, in file: TraceFile) -> [HotBuffer] {
    var result: [HotBuffer] = []
    let size = Int(CORONER_BUFFER_SIZE)
    let room = (section.length - min(section.length, UInt64(CORONER_PAGE))) / UInt64(size)
    for number in 0..<min(UInt64(section.thread), room) {
      let at = section.offset + UInt64(CORONER_PAGE) + number * UInt64(size)
      if let buffer = HotBuffer(file, at: at) { result.append(buffer) }
    }
    return result
  }

  private init?(_ file: TraceFile, at offset: UInt64) {
    let headerSize = MemoryLayout<coroner_buffer>.size
    let header = file.read(at: offset, count: headerSize)
    guard header.count == headerSize else { return nil }
    let bytes = Bytes(header)
    guard bytes.u32(0) != CORONER_BUFFER_FREE.rawValue, bytes.u32(0) <= 2 else { return nil }
    let content = bytes.u32(4)
    guard
      content == CORONER_BUFFER_EVENTS.rawValue || content == CORONER_BUFFER_DEFINITIONS.rawValue
    else { return nil }
    isDefinitions = content == CORONER_BUFFER_DEFINITIONS.rawValue
    thread = bytes.u32(8)
    firstIndex = bytes.u64(16)
    let unit = isDefinitions ? 1 : Self.recordSize
    let room = Int(CORONER_BUFFER_SIZE) - headerSize
    let count = Int(min(bytes.u64(24), UInt64(room / unit)))
    self.offset = offset + UInt64(headerSize)
    length = count * unit
  }
}
