import CPlatform
import TraceABI

/// Turns the contents of a hot buffer into a section. Used by one thread at a time; there are several, so that no thread
/// has to wait for another one that does so, and has lost its processor meanwhile.
struct SectionEncoder {
  private var deflate: Deflate
  private let columns: Columns
  /// Planes, before they are deflated.
  private let planes: UnsafeMutablePointer<UInt8>
  /// The section: room for its header, then the deflated payload.
  private let output: UnsafeMutableRawPointer
  private var isTaken = false
  private static let planesCapacity = 80 * 1024
  private static let outputCapacity = 96 * 1024

  /// Nothing if there is no memory.
  private init?() {
    guard let planes = platform_reserve(Self.planesCapacity),
      let output = platform_reserve(Self.outputCapacity), let deflate = Deflate(),
      let columns = Columns()
    else { return nil }
    self.deflate = deflate
    self.columns = columns
    self.planes = planes.bindMemory(to: UInt8.self, capacity: Self.planesCapacity)
    self.output = output
  }

  // MARK: who uses which

  /// Some 200 KB each, where it is used.
  private static let most = 8
  nonisolated(unsafe) private static var all: UnsafeMutablePointer<SectionEncoder>?
  nonisolated(unsafe) private static var count = 0

  /// Whether there is at least one.
  static func start() -> Bool {
    if all == nil {
      guard let memory = platform_reserve(most &* MemoryLayout<SectionEncoder>.stride) else {
        return false
      }
      all = memory.bindMemory(to: SectionEncoder.self, capacity: most)
    }
    for i in 0..<count {
      // In a forked child: others may have been at work in the parent.
      all![i].deflate.forget()
      all![i].isTaken = false
    }
    while count < most, let new = SectionEncoder() {
      (all! + count).initialize(to: new)
      count &+= 1
    }
    return count > 0
  }

  /// That of who empties the full buffers, one thread at a time.
  static var first: UnsafeMutablePointer<SectionEncoder> { all! }

  /// Another one, until it is given back; nothing if all are in use. Needs the lock PLATFORM_POOL, as giving back does.
  static func take() -> UnsafeMutablePointer<SectionEncoder>? {
    var i = 1
    while i < count {
      if !all![i].isTaken {
        all![i].isTaken = true
        return all! + i
      }
      i &+= 1
    }
    return nil
  }
  mutating func giveBack() { isTaken = false }

  // MARK: sections

  /// What a buffer holds as a section, until the next one; an empty buffer needs none. Nothing if it cannot be encoded.
  mutating func encode(
    _ buffer: UnsafeMutablePointer<coroner_buffer>,
    kind: coroner_section_kind = CORONER_SECTION_EVENTS
  ) -> EncodedSection? {
    let committed = Int(truncatingIfNeeded: platform_load(&buffer.pointee.committed))
    guard committed > 0 else {
      return EncodedSection(bytes: output, length: 0, isForEver: false)
    }
    let contents = UnsafeRawPointer(buffer) + MemoryLayout<coroner_buffer>.size
    var section: coroner_section
    let inflated: UnsafePointer<UInt8>
    if buffer.pointee.content == UInt32(CORONER_BUFFER_DEFINITIONS.rawValue) {
      section = TraceFile.newSection(CORONER_SECTION_DEFINITIONS)
      section.count = Self.countItems(contents, bytes: committed)
      section.inflated_length = UInt32(committed)
      inflated = contents.assumingMemoryBound(to: UInt8.self)
    } else {
      section = TraceFile.newSection(kind)
      let records = contents.assumingMemoryBound(to: Record.self)
      section.count = UInt32(committed)
      section.thread = buffer.pointee.thread
      section.time_first = records[0].time
      section.time_last = records[committed &- 1].time
      section.inflated_length = UInt32(columns.split(records, committed, into: planes))
      inflated = UnsafePointer(planes)
    }
    section.first_index = buffer.pointee.first_index
    guard let payload = deflated(inflated, Int(section.inflated_length)) else { return nil }
    let length = TraceFile.complete(&section, bytes: output, payload: payload)
    return EncodedSection(
      bytes: output, length: length, isForEver: DefinitionStream.isForEver(buffer))
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
  private mutating func deflated(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int? {
    let start = output + TraceFile.sectionHeaderSize
    guard Deflate.limit(count) <= Self.outputCapacity &- TraceFile.sectionHeaderSize &- 8 else {
      return nil
    }
    let length = deflate.run(bytes, count, into: start)
    (start + length).storeBytes(of: 0, as: UInt64.self)
    return length
  }
}

/// A section that is not in the file yet. Its length is 0 if there is nothing to append.
struct EncodedSection {
  let bytes: UnsafeMutableRawPointer
  let length: UInt64
  /// Of a bounded file: whether it is not to be given up.
  let isForEver: Bool
}
