import TraceABI

/// The records of one thread in their order: from its sections, then from what its hot buffers add.
struct ThreadStream {
  let slot: ThreadSlot
  private let file: TraceFile
  private var sections: ArraySlice<Section>
  private var buffers: ArraySlice<HotBuffer>
  private var block = RecordBlockCursor()
  private var expected: UInt64 = 0
  /// Up to which index damaged blocks account for what is missing.
  private var damagedEnd: UInt64 = 0
  private(set) var losses: [Loss] = []

  init(slot: ThreadSlot, file: TraceFile, sections: [Section], buffers: [HotBuffer]) {
    self.slot = slot
    self.file = file
    self.sections = sections.sorted { $0.firstIndex < $1.firstIndex }[...]
    self.buffers = buffers.sorted { $0.firstIndex < $1.firstIndex }[...]
    refill()
  }

  /// The next record; nothing at the end.
  var head: TraceRecord? { block.head }

  mutating func advance() {
    // A damaged buffer may claim any index.
    expected &+= 1
    block.advance()
    if block.head == nil { refill() }
  }

  private mutating func refill() {
    while block.head == nil {
      if let section = sections.popFirst() {
        guard let columns = section.inflated(from: file),
          let decoded = RecordBlock(columns: columns, section: section)
        else {
          losses.append(
            Loss(
              what: "a block of thread \(slot.number) is damaged or cut off",
              byteOffset: section.offset, events: UInt64(min(section.count, Section.largestCount))))
          // Not `expected`: after a kill a hot buffer may still hold the same events.
          damagedEnd = max(damagedEnd, section.firstIndex &+ UInt64(section.count))
          continue
        }
        take(decoded, at: section.offset)
      } else if let buffer = buffers.popFirst() {
        take(RecordBlock(buffer), at: nil)
      } else {
        return
      }
    }
  }

  /// Skips what was delivered already, and notes what is missing before it.
  private mutating func take(_ decoded: RecordBlock, at offset: UInt64?) {
    if decoded.firstIndex > expected {
      let unexplained = max(expected, min(damagedEnd, decoded.firstIndex))
      if decoded.firstIndex > unexplained {
        losses.append(
          Loss(
            what: "events of thread \(slot.number) are missing", byteOffset: offset,
            events: decoded.firstIndex - unexplained))
      }
      expected = decoded.firstIndex
    }
    let known = Int(min(expected - decoded.firstIndex, UInt64(decoded.records.count)))
    block = RecordBlockCursor(records: decoded.records, position: known)
  }
}

private struct RecordBlockCursor {
  var records: [TraceRecord] = []
  var position = 0
  var head: TraceRecord? { position < records.count ? records[position] : nil }
  mutating func advance() { position += 1 }
}
