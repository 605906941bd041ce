import TraceABI

/// Reads a trace file: also one whose process was killed, one that is cut off or damaged in places, and
/// one that is still being written.
///
/// Memory: the definitions, and one decoded block for each thread.
package final class TraceReader: EventSource {
  package private(set) var header: TraceHeader
  package let definitions: Definitions
  /// Bytes of the file, and the sections in it.
  package let size: UInt64
  package var blockCount: Int { index.sections.count { $0.isEvents } }
  /// Events of kinds that this reader does not know, met by the last `forEachEvent`.
  package private(set) var unknownEvents: UInt64 = 0
  private let file: TraceFile
  private let index: SectionIndex
  private let clock: TickClock
  private let inflater = Inflater()
  private var losses: [Loss]

  package init(path: String) throws(TraceError) {
    file = try TraceFile(path: path)
    size = file.size
    let end: UInt64
    (header, clock, end) = try Self.readHeader(file)
    index = SectionIndex(file, end: end)
    losses = index.losses
    header.keptFrom = index.keptFrom.map(clock.instant)
    var blocks: [(firstIndex: UInt64, items: [UInt8])] = []
    for section in index.sections {
      if section.isDefinitions {
        if let items = section.inflated(from: file, by: inflater) {
          blocks.append((section.firstIndex, items))
        } else {
          losses.append(
            Loss(what: "a block of definitions is damaged or cut off", byteOffset: section.offset))
        }
      } else if section.isHot {
        for buffer in HotBuffer.all(of: section, in: file) where buffer.isDefinitions {
          blocks.append((buffer.firstIndex, buffer.contents(file)))
        }
      }
    }
    // In the order in which they were made, for the last definition of a thing counts.
    var reader = DefinitionReader()
    for block in blocks.sorted(by: { $0.firstIndex < $1.firstIndex }) { reader.read(block.items) }
    definitions = reader.finish()
  }

  private static func readHeader(
    _ file: TraceFile
  ) throws(TraceError) -> (TraceHeader, TickClock, end: UInt64) {
    guard file.size > 0 else { throw .empty(path: file.path) }
    let bytes = file.read(at: 0, count: Int(CORONER_PAGE))
    let magic = Array("CORONER\n".utf8)
    guard Array(bytes.prefix(8)) == Array(magic.prefix(bytes.count)) else {
      throw .notATrace(path: file.path)
    }
    guard bytes.count == Int(CORONER_PAGE) else {
      throw .truncatedHeader(path: file.path, bytes: file.size)
    }
    let fields = Bytes(bytes)
    guard fields.u32(12) == CORONER_BYTE_ORDER else { throw .otherByteOrder(path: file.path) }
    guard fields.u16(8) <= UInt16(CORONER_VERSION_MAJOR) else {
      throw .newerVersion(path: file.path, major: fields.u16(8), minor: fields.u16(10))
    }
    var header = TraceHeader()
    header.process = fields.u32(20)
    header.wallStart = fields.u64(24)
    let clock = TickClock(
      ticksPerSecond: fields.u64(40), lastTick: fields.u64(48),
      elapsed: fields.u64(56) &- fields.u64(32), isMeasured: fields.u64(48) != 0)
    if fields.u64(48) != 0 { header.lastInstant = clock.instant(fields.u64(48)) }
    header.lostEvents = fields.u64(72)
    header.cleanEnd = fields.u32(80) == 1
    header.parent = fields.u32(84)
    let name = bytes[88..<(88 + 256)].prefix { $0 != 0 }
    header.program = String(decoding: name, as: UTF8.self)
    return (header, clock, fields.u64(64))
  }

  package func forEachBatch(_ body: (UnsafeBufferPointer<Event>) throws -> Void) throws -> [Loss] {
    let streams = makeStreams()
    // Inflated bytes, until they are decoded: of whichever stream.
    var room: [UInt8] = []
    var order = ThreadOrder()
    for (place, stream) in streams.enumerated() {
      if let ticks = stream.head(&room) { order.insert(.init(ticks: ticks, place: place)) }
    }
    unknownEvents = 0
    let batch = UnsafeMutableBufferPointer<Event>.allocate(capacity: Self.batchSize)
    defer { batch.deallocate() }
    var count = 0
    while let first = order.first {
      let stream = streams[first.place]
      // A thread usually records many events before another one does.
      try deliver(stream, until: order.limit, in: batch, &count, body)
      order.replaceFirst(ticks: stream.head(&room))
    }
    try body(UnsafeBufferPointer(rebasing: batch[..<count]))
    return losses + streams.flatMap(\.losses)
  }

  /// Few enough to stay near, and enough that handing them on costs nothing.
  private static let batchSize = 256

  /// Delivers events of the stream's block: the first one, and those up to a time.
  private func deliver(
    _ stream: ThreadStream, until limit: UInt64, in batch: UnsafeMutableBufferPointer<Event>,
    _ filled: inout Int, _ body: (UnsafeBufferPointer<Event>) throws -> Void
  ) rethrows {
    let slot = stream.slot
    let count = stream.block.count
    let (ticks, kinds) = (stream.block.ticks, stream.block.kinds)
    let (subjects, objects) = (stream.block.subjects, stream.block.objects)
    let (sites, values) = (stream.block.sites, stream.block.values)
    let places = stream.block.places
    var index = stream.position
    var room = filled
    var (before, time) = stream.latest
    let known = EventKind.known
    repeat {
      // The columns have `count` elements. An event whose time nobody has read comes after the one before it.
      if ticks[index] == before {
        time.nanoseconds &+= 1
      } else {
        (before, time) = (ticks[index], clock.instant(ticks[index]))
      }
      if let kind = known[Int(kinds[index])] {
        if room == batch.count {
          try body(UnsafeBufferPointer(batch))
          room = 0
        }
        let place = Int(places[index])
        batch.initializeElement(
          at: room,
          to: Event(
            time: time, thread: slot, kind: kind, subject: subjects[place],
            object: objects[place], site: StackID(sites[place]), value: values[place]))
        room += 1
      } else {
        unknownEvents += 1
      }
      index += 1
    } while index < count && ticks[index] <= limit
    filled = room
    stream.advance(to: index)
    stream.latest = (before, time)
  }

  private func makeStreams() -> [ThreadStream] {
    var sections: [UInt32: [Section]] = [:]
    var buffers: [UInt32: [HotBuffer]] = [:]
    for section in index.sections {
      if section.isEvents || section.isKept {
        sections[section.thread, default: []].append(section)
      }
      guard section.isHot else { continue }
      for buffer in HotBuffer.all(of: section, in: file) where !buffer.isDefinitions {
        buffers[buffer.thread, default: []].append(buffer)
      }
    }
    let gaps = openGaps()
    return Set(sections.keys).union(buffers.keys).union(gaps.keys).sorted().map {
      ThreadStream(
        slot: ThreadSlot($0), file: file, inflater: inflater, sections: sections[$0] ?? [],
        buffers: buffers[$0] ?? [], gap: gaps[$0] ?? [])
    }
  }

  /// Of threads that lost events up to the end: the gap, as a record.
  private func openGaps() -> [UInt32: [UInt8]] {
    let size = MemoryLayout<coroner_loss>.size
    let table = file.read(at: UInt64(CORONER_LOSSES_OFFSET), count: Int(CORONER_LOSSES) * size)
    let fields = Bytes(table)
    var gaps: [UInt32: [UInt8]] = [:]
    for at in stride(from: 0, to: table.count / size * size, by: size) {
      let (thread, events) = (fields.u32(at), fields.u64(at + 8))
      let (since, last) = (fields.u64(at + 16), fields.u64(at + 24))
      guard thread != 0, events > 0, since <= last, last < 1 << 56 else { continue }
      let words = [last << 8 | UInt64(CORONER_GAP.rawValue), events, last - since, 0]
      gaps[thread] = words.flatMap { word in withUnsafeBytes(of: word.littleEndian, Array.init) }
    }
    return gaps
  }
}

/// Converts ticks since the start of the recording to time.
struct TickClock {
  private let nanosecondsPerTick: Double
  /// What is later is damage.
  private static let latest = Double(sign: .plus, exponent: 62, significand: 1)

  /// By the later pair of readings if the recorder took one, else by its first estimate.
  init(ticksPerSecond: UInt64, lastTick: UInt64, elapsed: UInt64, isMeasured: Bool) {
    // A pair that is closer than this says less than the estimate.
    let shortest: UInt64 = 10_000_000
    if isMeasured, lastTick > 0, elapsed >= shortest, elapsed < 1 << 62 {
      nanosecondsPerTick = Double(elapsed) / Double(lastTick)
    } else {
      nanosecondsPerTick = ticksPerSecond == 0 ? 1 : 1e9 / Double(ticksPerSecond)
    }
  }

  func instant(_ ticks: UInt64) -> TraceInstant {
    // There are less than 2^56 ticks.
    let nanoseconds = Double(Int64(bitPattern: ticks & .max >> 8)) * nanosecondsPerTick
    guard nanoseconds < Self.latest else { return TraceInstant(nanoseconds: .max / 2) }
    return TraceInstant(nanoseconds: UInt64(Int64(nanoseconds + 0.5)))
  }
}
