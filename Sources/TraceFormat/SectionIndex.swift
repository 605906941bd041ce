import TraceABI

/// Where the sections of a file are, and what of them is missing.
struct SectionIndex {
  private(set) var sections: [Section] = []
  private(set) var losses: [Loss] = []

  /// - Parameter end: bytes that hold sections, as the header says. What lies beyond was allocated or
  ///   half written, and is still in a hot buffer.
  init(_ file: TraceFile, end: UInt64) {
    var offset = UInt64(CORONER_PAGE)
    if end > file.size {
      losses.append(Loss(what: "the file is cut off", byteOffset: file.size))
    }
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
