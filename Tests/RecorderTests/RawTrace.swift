import CZlib
import Foundation
import TraceABI

/// A trace file taken apart by the layout in coroner_file.h alone, so that the recorder is tested
/// against the specification and not against our reader.
struct RawTrace {
  struct Item: Hashable {
    var kind: UInt32
    var id: UInt32
  }
  struct Damage: Error, CustomStringConvertible {
    var description: String
  }

  var header: coroner_file_header
  var bytes: [UInt8]
  /// Of each thread slot: events by index.
  var events: [UInt32: [UInt64: Event]] = [:]
  var definitions: [Item: [UInt8]] = [:]
  /// Items in the order of the file; a fact has no id of its own.
  var facts: [[UInt8]] = []
  /// Sections by kind.
  var sections: [UInt16: Int] = [:]
  /// Buffers that are not free.
  var buffersInUse = 0

  struct Event: Equatable {
    var time: UInt64
    var kind: UInt8
    var subject: UInt64
    var object: UInt64
    var site: UInt32
    var value: UInt32
  }

  init(path: String) throws {
    bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    guard bytes.count >= Int(CORONER_PAGE) else { throw Damage(description: "shorter than a page") }
    header = bytes.withUnsafeBytes { $0.loadUnaligned(as: coroner_file_header.self) }
    guard bytes.starts(with: Array(CORONER_MAGIC.utf8)) else {
      throw Damage(description: "no magic")
    }
    var hot: [Int] = []
    var offset = Int(header.header_size)
    while offset < Int(header.end) {
      let section = try readSection(at: offset)
      if UInt32(section.kind) == CORONER_SECTION_HOT.rawValue {
        for i in 0..<Int(section.thread) {
          hot.append(offset + Int(CORONER_PAGE) + i * Int(CORONER_BUFFER_SIZE))
        }
      }
      offset += Int(section.length)
    }
    for place in try segments() {
      var inner = place.lowerBound
      while inner < place.upperBound { inner += Int(try readSection(at: inner).length) }
    }
    guard offset == Int(header.end) else { throw Damage(description: "sections pass the end") }
    for buffer in hot { try readBuffer(at: buffer) }
  }

  /// Where the sections of the segments lie, oldest segment first.
  private func segments() throws -> [Range<Int>] {
    let size = MemoryLayout<coroner_segment>.size
    return try (0..<Int(CORONER_SEGMENTS)).map { number in
      bytes.withUnsafeBytes {
        $0.loadUnaligned(
          fromByteOffset: Int(CORONER_SEGMENTS_OFFSET) + number * size, as: coroner_segment.self)
      }
    }
    .filter { $0.sequence > 0 }.sorted { $0.sequence < $1.sequence }
    .map { segment in
      let first = Int(segment.offset) + MemoryLayout<coroner_section>.size
      guard first <= Int(segment.end), segment.end <= header.end else {
        throw Damage(description: "segment \(segment.sequence) passes the end")
      }
      return first..<Int(segment.end)
    }
  }

  /// The values of kind 22 that a thread of the driver recorded, in the order of their indices.
  func numbers(ofThread subject: UInt64) -> [UInt64] {
    for slot in events.values {
      let numbers = slot.sorted { $0.key < $1.key }.map(\.value).filter {
        $0.kind == 22 && $0.subject == subject
      }
      if !numbers.isEmpty { return numbers.map(\.object) }
    }
    return []
  }

  func string(_ id: UInt32) -> String? {
    definitions[Item(kind: CORONER_DEFINE_STRING.rawValue, id: id)].map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// By slot.
  var threads: [UInt32: String] {
    var names: [UInt32: String] = [:]
    for (item, payload) in definitions where item.kind == CORONER_DEFINE_THREAD.rawValue {
      names[item.id] = string(payload.u32(8)) ?? "?"
    }
    return names
  }
  var threadNames: Set<String> { Set(threads.values) }

  private mutating func readSection(at offset: Int) throws -> coroner_section {
    let size = MemoryLayout<coroner_section>.size
    guard offset + size <= bytes.count else { throw Damage(description: "cut at \(offset)") }
    let section = bytes.withUnsafeBytes {
      $0.loadUnaligned(fromByteOffset: offset, as: coroner_section.self)
    }
    var head = Array(bytes[offset..<offset + size])
    head.replaceSubrange(64..<68, with: [0, 0, 0, 0])
    guard section.magic == CORONER_SECTION_MAGIC, section.length % 8 == 0,
      checksum(head) == section.header_crc
    else { throw Damage(description: "bad section header at \(offset)") }
    sections[section.kind, default: 0] += 1
    if UInt32(section.kind) == CORONER_SECTION_HOT.rawValue
      || UInt32(section.kind) == CORONER_SECTION_SEGMENT.rawValue
    {
      return section
    }
    let start = offset + size
    let payload = Array(bytes[start..<start + Int(section.payload_length)])
    guard checksum(payload) == section.crc else {
      throw Damage(description: "bad payload at \(offset)")
    }
    switch UInt32(section.kind) {
    case CORONER_SECTION_EVENTS.rawValue:
      try add(columns: inflated(payload, Int(section.inflated_length)), section)
    case CORONER_SECTION_DEFINITIONS.rawValue:
      let count = add(items: try inflated(payload, Int(section.inflated_length)))
      guard count == section.count else { throw Damage(description: "items at \(offset)") }
    default: break
    }
    return section
  }

  private mutating func readBuffer(at offset: Int) throws {
    guard offset + 64 <= bytes.count else {
      throw Damage(description: "buffer at \(offset) is cut")
    }
    let buffer = bytes.withUnsafeBytes {
      $0.loadUnaligned(fromByteOffset: offset, as: coroner_buffer.self)
    }
    guard buffer.state != CORONER_BUFFER_FREE.rawValue else { return }
    buffersInUse += 1
    let start = offset + 64
    if buffer.content == CORONER_BUFFER_DEFINITIONS.rawValue {
      _ = add(items: Array(bytes[start..<start + Int(buffer.committed)]))
      return
    }
    for i in 0..<Int(buffer.committed) {
      let at = start + i * 32
      let event = Event(
        time: bytes.u64(at) >> 8, kind: bytes[at], subject: bytes.u64(at + 8),
        object: bytes.u64(at + 16), site: bytes.u32(at + 24), value: bytes.u32(at + 28))
      try add(event, thread: buffer.thread, index: buffer.first_index + UInt64(i))
    }
  }

  private mutating func add(columns: [UInt8], _ section: coroner_section) throws {
    let count = Int(section.count)
    let mask = columns.u64(0)
    var next = 8
    /// The next field of all events, `bytes` planes of it.
    func field(_ first: Int, _ bytes: Int) throws -> [UInt64] {
      var values = [UInt64](repeating: 0, count: count)
      for byte in 0..<bytes where mask >> UInt64(first + byte) & 1 == 1 {
        guard next + count <= columns.count else { throw Damage(description: "a plane is cut") }
        for i in 0..<count { values[i] |= UInt64(columns[next + i]) << (8 * UInt64(byte)) }
        next += count
      }
      return values
    }
    let deltas = try field(0, 8)
    let kinds = try field(8, 1)
    let subjects = try field(9, 8).map { $0 << 4 | $0 >> 60 }
    let objects = try field(17, 8).map { $0 << 4 | $0 >> 60 }
    let sites = try field(25, 4)
    let values = try field(29, 4)
    guard next == columns.count, mask >> UInt64(CORONER_BY_KIND) == 1 else {
      throw Damage(description: "planes have another length or order")
    }
    var time = section.time_first
    // Event i is the one at place at[i] when they are sorted by kind.
    let sorted = (0..<count).sorted { (kinds[$0], $0) < (kinds[$1], $1) }
    var at = [Int](repeating: 0, count: count)
    for (place, i) in sorted.enumerated() { at[i] = place }
    for i in 0..<count {
      time &+= deltas[at[i]]
      let event = Event(
        time: time, kind: UInt8(kinds[i]), subject: subjects[at[i]], object: objects[at[i]],
        site: UInt32(sites[at[i]]), value: UInt32(values[at[i]]))
      try add(event, thread: section.thread, index: section.first_index + UInt64(i))
    }
    guard time == section.time_last else { throw Damage(description: "times do not add up") }
  }

  private mutating func add(_ event: Event, thread: UInt32, index: UInt64) throws {
    if let known = events[thread]?[index], known != event {
      throw Damage(description: "event \(index) of thread \(thread) exists twice and differs")
    }
    events[thread, default: [:]][index] = event
  }

  private mutating func add(items: [UInt8]) -> UInt32 {
    var offset = 0
    var count: UInt32 = 0
    while offset < items.count {
      let length = Int(items.u32(offset) & 0xffff)
      let item = Item(kind: UInt32(items[offset + 2]), id: items.u32(offset + 4))
      let payload = Array(items[offset + 8..<offset + 8 + length])
      if item.kind == CORONER_DEFINE_FACT.rawValue { facts.append(payload) }
      definitions[item] = payload
      offset += 8 + (length + 3) & ~3
      count += 1
    }
    return count
  }

  private func inflated(_ payload: [UInt8], _ length: Int) throws -> [UInt8] {
    var output = [UInt8](repeating: 0, count: length)
    var input = Array(payload.dropFirst(2))
    var stream = z_stream()
    // Behind zlib's header, and without its checksum.
    guard
      inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw Damage(description: "no memory") }
    defer { inflateEnd(&stream) }
    let isWhole = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
        (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(length))
        return inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0
      }
    }
    guard isWhole else { throw Damage(description: "does not inflate") }
    return output
  }

  private func checksum(_ bytes: [UInt8]) -> UInt32 { UInt32(crc32(0, bytes, UInt32(bytes.count))) }
}

extension [UInt8] {
  func u32(_ offset: Int) -> UInt32 {
    withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
  }
  func u64(_ offset: Int) -> UInt64 {
    withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
  }
}
