import TraceABI

/// Where the sections of a file are, and what of them is missing.
struct SectionIndex {
  private(set) var sections: [Section] = []
  private(set) var losses: [Loss] = []
  /// Since when the file has all events: from then on, and before only what still mattered. In ticks;
  /// nothing if it was never given up anything.
  private(set) var keptFrom: UInt64?

  /// - Parameter end: bytes that hold sections, as the header says. What lies beyond was allocated or
  ///   half written, and is still in a hot buffer.
  init(_ file: TraceFile, end: UInt64) {
    if end > file.size {
      losses.append(Loss(what: "the file is cut off", byteOffset: file.size))
    }
    collect(file, from: UInt64(CORONER_PAGE), to: end)
    let used = Segment.all(of: file)
    guard let oldest = used.first else { return }
    let hasAll = oldest.sequence == 1
    for segment in used {
      let before = sections.count
      collect(file, from: segment.offset + UInt64(Section.headerSize), to: segment.end)
      // A key frame stands for what was given up; those of later segments say nothing new.
      guard hasAll || segment.sequence != oldest.sequence else { continue }
      sections = Array(sections[..<before] + sections[before...].filter { !$0.isKept })
    }
    if !hasAll {
      keptFrom = oldest.time
      if oldest.missing > 0 {
        losses.append(Loss(what: "part of what mattered before the limit was reached"))
      }
    }
  }

  private mutating func collect(_ file: TraceFile, from start: UInt64, to end: UInt64) {
    var offset = start
    while offset < min(end, file.size) {
      let header = file.read(at: offset, count: Section.headerSize)
      if let section = Section(header, at: offset) {
        sections.append(section)
        guard section.length <= file.size - offset else { return }
        offset += section.length
        continue
      }
      let next = Self.resynchronize(file, after: offset)
      losses.append(Loss(what: "a section's header is damaged", byteOffset: offset))
      guard let next else { return }
      offset = next
    }
  }

  /// A part of a bounded file that holds sections.
  private struct Segment {
    var offset: UInt64
    var sequence: UInt64
    var end: UInt64
    var time: UInt64
    var missing: UInt64

    /// Those in use, oldest first.
    static func all(of file: TraceFile) -> [Segment] {
      let size = MemoryLayout<coroner_segment>.size
      let table = file.read(
        at: UInt64(CORONER_SEGMENTS_OFFSET), count: Int(CORONER_SEGMENTS) * size)
      let bytes = Bytes(table)
      return stride(from: 0, to: table.count / size * size, by: size).map {
        Segment(
          offset: bytes.u64($0), sequence: bytes.u64($0 + 8), end: bytes.u64($0 + 16),
          time: bytes.u64($0 + 24), missing: bytes.u64($0 + 32))
      }
      .filter { $0.sequence > 0 && $0.offset >= UInt64(CORONER_PAGE) && $0.offset < file.size }
      .sorted { $0.sequence < $1.sequence }
    }
  }

  private static let window = 1 << 16

  /// The next place that holds a section header with a right checksum.
  private static func resynchronize(_ file: TraceFile, after start: UInt64) -> UInt64? {
    var offset = start + 8
    while offset < file.size {
      let bytes = file.read(at: offset, count: window + Section.headerSize)
      guard bytes.count >= Section.headerSize else { return nil }
      let view = Bytes(bytes)
      for at in stride(from: 0, through: min(window - 8, bytes.count - Section.headerSize), by: 8)
      where view.u32(at) == CORONER_SECTION_MAGIC {
        let header = Array(bytes[at..<(at + Section.headerSize)])
        if Section(header, at: offset + UInt64(at)) != nil { return offset + UInt64(at) }
      }
      offset += UInt64(window)
    }
    return nil
  }
}
