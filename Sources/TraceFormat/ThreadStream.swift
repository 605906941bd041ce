import TraceABI

/// The events of one thread in their order: from its sections, and from what its hot buffers add.
final class ThreadStream {
  let slot: ThreadSlot
  private let file: TraceFile
  private let inflater: Inflater
  private var sections: ArraySlice<Section>
  private var buffers: ArraySlice<HotBuffer>
  private(set) var block = EventColumns()
  /// The next event of the block.
  private(set) var position = 0
  /// Whether the block is part of a key frame: not among the thread's events, which go on where it says.
  private var isKept = false
  /// The index of the next event among the thread's.
  private var expected: UInt64 = 0
  /// Up to which index damaged blocks account for what is missing.
  private var damagedEnd: UInt64 = 0
  private(set) var losses: [Loss] = []
  /// The ticks of the event delivered last, and the time that it got.
  var latest: (ticks: UInt64, time: TraceInstant) = (.max, .start)
  /// The record of a gap that the thread had no buffer for; empty if there is none.
  private var gap: [UInt8]

  init(
    slot: ThreadSlot, file: TraceFile, inflater: Inflater, sections: [Section],
    buffers: [HotBuffer], gap: [UInt8]
  ) {
    self.gap = gap
    self.slot = slot
    self.file = file
    self.inflater = inflater
    let kept = sections.filter(\.isKept)
    let others = sections.filter { !$0.isKept }.sorted { $0.firstIndex < $1.firstIndex }
    self.sections = (kept + others)[...]
    self.buffers = buffers.sorted { $0.firstIndex < $1.firstIndex }[...]
  }

  /// When the next event happened; nothing at the end.
  func head(_ room: inout [UInt8]) -> UInt64? {
    if position >= block.count { refill(&room) }
    return position < block.count ? block.ticks[position] : nil
  }

  /// Goes on behind events of the block.
  func advance(to next: Int) {
    // A damaged buffer may claim any index.
    if !isKept { expected &+= UInt64(next - position) }
    position = next
  }

  private func refill(_ room: inout [UInt8]) {
    while position >= block.count {
      if isSectionNext, let section = sections.popFirst() {
        guard section.inflate(from: file, by: inflater, into: &room),
          decode(room, of: section)
        else {
          losses.append(
            Loss(
              what: "a block of thread \(slot.number) is damaged or cut off",
              byteOffset: section.offset, events: UInt64(min(section.count, Section.largestCount))))
          // Not `expected`: after a kill a hot buffer may still hold the same events.
          damagedEnd = max(damagedEnd, section.firstIndex &+ UInt64(section.count))
          continue
        }
        isKept = section.isKept
        if isKept {
          expected = section.firstIndex
          position = 0
        } else {
          begin(at: section.firstIndex, offset: section.offset)
        }
      } else if let buffer = buffers.popFirst() {
        block.take(buffer.contents(file))
        isKept = false
        begin(at: buffer.firstIndex, offset: nil)
      } else if !gap.isEmpty {
        block.take(gap)
        (gap, position, isKept) = ([], 0, true)
      } else {
        return
      }
    }
  }

  /// Buffers become sections in any order: the writer may have died between two. What is in both counts once.
  private var isSectionNext: Bool {
    guard let section = sections.first, let buffer = buffers.first else { return !sections.isEmpty }
    return section.isKept || section.firstIndex <= buffer.firstIndex
  }

  private func decode(_ bytes: [UInt8], of section: Section) -> Bool {
    bytes.withUnsafeBufferPointer {
      block.decode(
        UnsafeBufferPointer(rebasing: $0[..<Int(section.inflatedLength)]), of: section)
    }
  }

  /// Skips what was delivered already, and notes what is missing before it.
  private func begin(at firstIndex: UInt64, offset: UInt64?) {
    if firstIndex > expected {
      let unexplained = max(expected, min(damagedEnd, firstIndex))
      if firstIndex > unexplained {
        losses.append(
          Loss(
            what: "events of thread \(slot.number) are missing", byteOffset: offset,
            events: firstIndex - unexplained))
      }
      expected = firstIndex
    }
    position = Int(min(expected - firstIndex, UInt64(block.count)))
  }
}
