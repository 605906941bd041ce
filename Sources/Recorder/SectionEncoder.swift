import CPlatform
import TraceABI

/// Turns the contents of hot buffers into sections. Used by one thread at a time.
enum SectionEncoder {
  nonisolated(unsafe) private static var deflate: Deflate?
  nonisolated(unsafe) private static var columns: Columns?
  /// Planes, before they are deflated.
  nonisolated(unsafe) private static var planes: UnsafeMutablePointer<UInt8>?
  /// The section: room for its header, then the deflated payload.
  nonisolated(unsafe) private static var output: UnsafeMutableRawPointer?
  private static let planesCapacity = 80 * 1024
  private static let outputCapacity = 96 * 1024

  static func start() -> Bool {
    if deflate != nil {
      // In a forked child: the parent's drain thread may have been at work.
      deflate!.forget()
      return true
    }
    guard let planes = platform_reserve(planesCapacity),
      let output = platform_reserve(outputCapacity), let deflate = Deflate(),
      let columns = Columns()
    else { return false }
    self.deflate = deflate
    self.columns = columns
    self.planes = planes.bindMemory(to: UInt8.self, capacity: planesCapacity)
    self.output = output
    return true
  }

  /// Appends what a buffer holds as a section. Whether it is in the file; an empty buffer needs none.
  static func append(
    _ buffer: UnsafeMutablePointer<coroner_buffer>,
    kind: coroner_section_kind = CORONER_SECTION_EVENTS
  ) -> Bool {
    let committed = Int(truncatingIfNeeded: platform_load(&buffer.pointee.committed))
    guard committed > 0 else { return true }
    let contents = UnsafeRawPointer(buffer) + MemoryLayout<coroner_buffer>.size
    var section: coroner_section
    let inflated: UnsafePointer<UInt8>
    if buffer.pointee.content == UInt32(CORONER_BUFFER_DEFINITIONS.rawValue) {
      section = TraceFile.newSection(CORONER_SECTION_DEFINITIONS)
      section.count = countItems(contents, bytes: committed)
      section.inflated_length = UInt32(committed)
      inflated = contents.assumingMemoryBound(to: UInt8.self)
    } else {
      section = TraceFile.newSection(kind)
      let records = contents.assumingMemoryBound(to: Record.self)
      section.count = UInt32(committed)
      section.thread = buffer.pointee.thread
      section.time_first = records[0].time
      section.time_last = records[committed &- 1].time
      section.inflated_length = UInt32(columns!.split(records, committed, into: planes!))
      inflated = UnsafePointer(planes!)
    }
    section.first_index = buffer.pointee.first_index
    guard let payload = deflated(inflated, Int(section.inflated_length)) else { return false }
    return TraceFile.append(&section, bytes: output!, payload: payload)
  }

  private static func countItems(_ items: UnsafeRawPointer, bytes: Int) -> UInt32 {
    var offset = 0
    var count: UInt32 = 0
    while offset < bytes {
      offset &+= DefinitionItem.size(
        payload: Int(items.load(fromByteOffset: offset, as: UInt16.self)))
      count &+= 1
    }
    return count
  }

  /// Deflates behind the room for the section header and pads with zeros; the payload's length.
  private static func deflated(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int? {
    let start = output! + TraceFile.sectionHeaderSize
    guard Deflate.limit(count) <= outputCapacity &- TraceFile.sectionHeaderSize &- 8,
      let length = deflate?.run(bytes, count, into: start)
    else { return nil }
    (start + length).storeBytes(of: 0, as: UInt64.self)
    return length
  }
}
