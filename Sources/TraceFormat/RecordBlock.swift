import TraceABI

/// One event as it is stored. (In C `coroner_record` also names the function, which hides the struct.)
struct TraceRecord {
  /// Ticks since the start, shifted left by 8, and the kind.
  var timeAndKind: UInt64 = 0
  var subject: UInt64 = 0
  var object: UInt64 = 0
  var site: UInt32 = 0
  var value: UInt32 = 0

  static let size = 32
  var ticks: UInt64 { timeAndKind >> 8 }
}

/// Records of one thread, decoded, with the index of the first among the thread's.
struct RecordBlock {
  var firstIndex: UInt64
  var records: [TraceRecord]

  /// From the columns of an events section; nothing if they do not fit its count.
  init?(columns bytes: [UInt8], section: Section) {
    let count = Int(section.count)
    guard bytes.count >= 8 else { return nil }
    let mask = Bytes(bytes).u64(0)
    guard mask >> UInt64(CORONER_PLANES) == 0, bytes.count == 8 + mask.nonzeroBitCount * count
    else { return nil }
    firstIndex = section.firstIndex
    var deltas = [UInt64](repeating: 0, count: count)
    records = [TraceRecord](repeating: TraceRecord(), count: count)
    var plane = 8
    bytes.withUnsafeBufferPointer { bytes in
      records.withUnsafeMutableBufferPointer { records in
        // Each plane has `count` bytes, checked above, and each array `count` elements.
        for number in 0..<Int(CORONER_PLANES) where mask >> UInt64(number) & 1 == 1 {
          let values = UnsafeBufferPointer(rebasing: bytes[plane..<(plane + count)])
          plane += count
          Self.merge(values, number, &deltas, records)
        }
        var now = section.timeFirst
        for index in 0..<count {
          now &+= deltas[index]
          records[index].timeAndKind |= now << 8
          records[index].subject = Self.restored(records[index].subject)
          records[index].object = Self.restored(records[index].object)
        }
      }
    }
  }

  /// Subject and object are stored rotated by four bits.
  private static func restored(_ rotated: UInt64) -> UInt64 { rotated << 4 | rotated >> 60 }

  private static func merge(
    _ bytes: UnsafeBufferPointer<UInt8>, _ plane: Int, _ deltas: inout [UInt64],
    _ records: UnsafeMutableBufferPointer<TraceRecord>
  ) {
    let count = bytes.count
    switch plane {
    case 0..<8:
      for i in 0..<count { deltas[i] |= UInt64(bytes[i]) << UInt64(plane * 8) }
    case 8:
      for i in 0..<count { records[i].timeAndKind |= UInt64(bytes[i]) }
    case 9..<17:
      for i in 0..<count { records[i].subject |= UInt64(bytes[i]) << UInt64((plane - 9) * 8) }
    case 17..<25:
      for i in 0..<count { records[i].object |= UInt64(bytes[i]) << UInt64((plane - 17) * 8) }
    case 25..<29:
      for i in 0..<count { records[i].site |= UInt32(bytes[i]) << UInt32((plane - 25) * 8) }
    default:
      for i in 0..<count { records[i].value |= UInt32(bytes[i]) << UInt32((plane - 29) * 8) }
    }
  }

  /// From a hot buffer.
  init(_ buffer: HotBuffer) {
    firstIndex = buffer.firstIndex
    let size = TraceRecord.size
    let bytes = Bytes(buffer.contents)
    records = (0..<(buffer.contents.count / size)).map { index in
      let at = index * size
      return TraceRecord(
        timeAndKind: bytes.u64(at), subject: bytes.u64(at + 8), object: bytes.u64(at + 16),
        site: bytes.u32(at + 24), value: bytes.u32(at + 28))
    }
  }
}
