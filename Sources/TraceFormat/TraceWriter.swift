import CZlib
import TraceABI

/// Writes a trace as the file that a recorder would have left at a clean end: for tests and tools.
package enum TraceWriter {
  /// Events in one section at most, as in a recorder's buffer.
  private static let sectionEvents = 2_046

  /// The bytes of the file. Times are kept in nanoseconds: one tick each.
  package static func bytes(of trace: MemoryTrace) -> [UInt8] {
    var sections = section(
      kind: UInt16(CORONER_SECTION_DEFINITIONS.rawValue), payload: items(of: trace.definitions))
    let threads = Dictionary(grouping: trace.events, by: \.thread)
    for slot in threads.keys.sorted() {
      let events = threads[slot]!
      for start in stride(from: 0, to: events.count, by: sectionEvents) {
        let part = events[start..<min(start + sectionEvents, events.count)]
        sections += section(
          kind: UInt16(CORONER_SECTION_EVENTS.rawValue), payload: columns(of: part),
          thread: slot.number, firstIndex: UInt64(start), events: part)
      }
    }
    return header(of: trace.header, end: UInt64(Int(CORONER_PAGE) + sections.count)) + sections
  }

  private static func header(of header: TraceHeader, end: UInt64) -> [UInt8] {
    var bytes = Array("CORONER\n".utf8)
    bytes.append(UInt16(CORONER_VERSION_MAJOR), UInt16(CORONER_VERSION_MINOR))
    bytes.append(UInt32(CORONER_BYTE_ORDER), UInt32(CORONER_PAGE), header.process)
    // Monotonic start 0, a tick a nanosecond, no later pair of readings.
    bytes.append(header.wallStart, 0, 1_000_000_000, 0, 0, end, header.lostEvents)
    bytes.append(UInt32(header.cleanEnd ? 1 : 0), header.parent)
    bytes += Array(header.program.utf8.prefix(255))
    return bytes + [UInt8](repeating: 0, count: Int(CORONER_PAGE) - bytes.count)
  }

  private static func section(
    kind: UInt16, payload: [UInt8], thread: UInt32 = 0, firstIndex: UInt64 = 0,
    events: ArraySlice<Event> = []
  ) -> [UInt8] {
    var room = compressBound(uLong(payload.count))
    let deflated = [UInt8](unsafeUninitializedCapacity: Int(room)) { buffer, filled in
      // With compressBound's room it cannot fail but for lack of memory.
      precondition(
        compress(buffer.baseAddress, &room, payload, uLong(payload.count)) == Z_OK, "zlib failed")
      filled = Int(room)
    }
    let length = (Section.headerSize + deflated.count + 7) / 8 * 8
    var bytes: [UInt8] = []
    bytes.append(UInt32(CORONER_SECTION_MAGIC))
    bytes.append(kind, UInt16(0))
    bytes.append(UInt64(length), UInt64(deflated.count))
    bytes.append(checksum(deflated), thread)
    bytes.append(
      firstIndex, events.first?.time.nanoseconds ?? 0, events.last?.time.nanoseconds ?? 0)
    bytes.append(UInt32(events.count), UInt32(payload.count), UInt32(0), UInt32(0))
    let sum = checksum(bytes)
    for index in 0..<4 { bytes[64 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(index * 8)) }
    bytes += deflated
    return bytes + [UInt8](repeating: 0, count: length - bytes.count)
  }

  private static func rotated(_ address: UInt64) -> UInt64 { address >> 4 | address << 60 }

  private static func columns(of events: ArraySlice<Event>) -> [UInt8] {
    var last = events.first?.time.nanoseconds ?? 0
    var rows: [[UInt8]] = []
    for event in events {
      var row: [UInt8] = []
      row.append(event.time.nanoseconds &- last)
      row.append(event.kind.rawValue)
      row.append(rotated(event.subject), rotated(event.object))
      row.append(event.site?.number ?? 0, event.value)
      last = event.time.nanoseconds
      rows.append(row)
    }
    var mask: UInt64 = 0
    var planes: [UInt8] = []
    for plane in 0..<Int(CORONER_PLANES) where rows.contains(where: { $0[plane] != 0 }) {
      mask |= 1 << UInt64(plane)
      planes += rows.map { $0[plane] }
    }
    var bytes: [UInt8] = []
    bytes.append(mask)
    return bytes + planes
  }

  // MARK: Definitions

  private static func items(of definitions: Definitions) -> [UInt8] {
    var items = ItemWriter(definitions.strings)
    for (id, module) in definitions.modules.sorted(by: { $0.key < $1.key }) {
      var payload: [UInt8] = []
      payload.append(items.string(module.path))
      items.add(CORONER_DEFINE_MODULE.rawValue, id, payload + module.buildID)
    }
    for (id, address) in definitions.addresses.sorted(by: { $0.key < $1.key }) {
      var payload: [UInt8] = []
      payload.append(address.module, address.isReturn ? CORONER_ADDRESS_RETURN.rawValue : 0)
      payload.append(address.offset)
      items.add(CORONER_DEFINE_ADDRESS.rawValue, id, payload)
    }
    for (id, site) in definitions.sites.sorted(by: { $0.key < $1.key })
    where definitions.addresses[id] == nil {
      var payload: [UInt8] = []
      payload.append(items.string(site.file), items.string(site.function))
      payload.append(UInt32(site.line), UInt32(site.endLine))
      payload.append(UInt16(site.column ?? 0), UInt16(site.endColumn ?? 0))
      payload.append(site.ownership.flags | (site.role?.flag ?? 0))
      items.add(CORONER_DEFINE_SITE.rawValue, id, payload)
    }
    for (id, sites) in definitions.stacks.sorted(by: { $0.key < $1.key }) {
      var payload: [UInt8] = []
      for site in sites { payload.append(site) }
      items.add(CORONER_DEFINE_STACK.rawValue, id, payload)
    }
    for fact in definitions.facts {
      var payload: [UInt8] = []
      payload.append(items.string(fact.key), items.string(fact.value))
      items.add(CORONER_DEFINE_FACT.rawValue, 0, payload)
    }
    for (slot, thread) in definitions.threads.sorted(by: { $0.key < $1.key }) {
      var payload: [UInt8] = []
      payload.append(thread.tid)
      payload.append(items.string(thread.name), UInt32(0))
      items.add(CORONER_DEFINE_THREAD.rawValue, slot.number, payload)
    }
    return items.bytes
  }
}

/// Definition items; strings that have no id yet get one.
private struct ItemWriter {
  var bytes: [UInt8] = []
  private var ids: [String: UInt32] = [:]
  private var nextID: UInt32

  init(_ strings: [UInt32: String]) {
    nextID = (strings.keys.max() ?? 0) + 1
    for (id, string) in strings.sorted(by: { $0.key < $1.key }) {
      add(CORONER_DEFINE_STRING.rawValue, id, Array(string.utf8))
      if ids[string] == nil { ids[string] = id }
    }
  }

  mutating func string(_ string: String) -> UInt32 {
    if let id = ids[string] { return id }
    let id = nextID
    nextID += 1
    ids[string] = id
    add(CORONER_DEFINE_STRING.rawValue, id, Array(string.utf8))
    return id
  }

  mutating func add(_ kind: UInt32, _ id: UInt32, _ payload: [UInt8]) {
    let kept = payload.prefix(Int(UInt16.max))
    bytes.append(UInt16(kept.count))
    bytes.append(UInt8(kind), UInt8(0))
    bytes.append(id)
    bytes += kept
    bytes += [UInt8](repeating: 0, count: (4 - kept.count % 4) % 4)
  }
}

extension Site.Ownership {
  fileprivate var flags: UInt32 {
    switch self {
    case .user: 0
    case .library: CORONER_SITE_LIBRARY.rawValue
    case .runtime: CORONER_SITE_RUNTIME.rawValue
    }
  }
}

extension [UInt8] {
  /// Numbers, lowest byte first.
  fileprivate mutating func append<Number: FixedWidthInteger>(_ numbers: Number...) {
    for number in numbers {
      for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
        append(contentsOf: CollectionOfOne(UInt8(truncatingIfNeeded: number >> Number(shift))))
      }
    }
  }
}
