import TraceABI

/// Tells at little cost whether a trace that is still being written has grown: it reads the headers of
/// what is new, and no event.
package struct TracePulse {
  /// How much was recorded when it was read. Equal if nothing was recorded in between.
  package struct State: Equatable, Sendable {
    /// The process that writes it.
    package var process: UInt32
    /// Bytes that hold sections.
    package var end: UInt64
    /// Events and bytes of definitions up to the ends of the hot buffers, summed up.
    package var pending: UInt64
  }

  private let path: String
  private var hotSections: [Section] = []
  /// Where the next section will be.
  private var offset = UInt64(CORONER_PAGE)

  package init(path: String) { self.path = path }

  /// What the file says now; nothing if it is no trace (any more).
  package mutating func read() -> State? {
    guard let file = try? TraceFile(path: path) else { return nil }
    let header = file.read(at: 0, count: 96)
    guard header.count == 96, header.starts(with: Array("CORONER\n".utf8)) else { return nil }
    let fields = Bytes(header)
    let end = fields.u64(64)
    while offset < min(end, file.size),
      let section = Section(file.read(at: offset, count: Section.headerSize), at: offset)
    {
      if section.isHot { hotSections.append(section) }
      offset += section.length
    }
    var pending: UInt64 = 0
    for section in hotSections {
      for number in 0..<min(section.thread, 1 << 16) {
        let at =
          section.offset + UInt64(CORONER_PAGE) + UInt64(number) * UInt64(CORONER_BUFFER_SIZE)
        let buffer = file.read(at: at, count: 32)
        guard buffer.count == 32 else { break }
        let counts = Bytes(buffer)
        if counts.u32(0) != CORONER_BUFFER_FREE.rawValue {
          pending = pending &+ counts.u64(16) &+ counts.u64(24)
        }
      }
    }
    return State(process: fields.u32(20), end: end, pending: pending)
  }
}
