import CZlib
import TraceABI

/// A section's header, verified.
struct Section {
  var offset: UInt64
  var kind: UInt16
  var length: UInt64
  var payloadLength: UInt64
  var crc: UInt32
  /// Events: the thread's slot. Hot: the number of buffers.
  var thread: UInt32
  var firstIndex: UInt64
  var timeFirst: UInt64
  var count: UInt32
  var inflatedLength: UInt32

  static let headerSize = MemoryLayout<coroner_section>.size
  /// A block comes from one buffer: what claims to be larger is damage.
  static let largestPayload: UInt64 = 1 << 20
  static let largestCount: UInt32 = 1 << 16

  /// Nothing unless the bytes are a section header that its checksum confirms.
  init?(_ header: [UInt8], at offset: UInt64) {
    guard header.count == Self.headerSize else { return nil }
    let bytes = Bytes(header)
    var zeroed = header
    for index in 64..<68 { zeroed[index] = 0 }
    guard bytes.u32(0) == CORONER_SECTION_MAGIC, bytes.u32(64) == checksum(zeroed) else {
      return nil
    }
    self.offset = offset
    kind = bytes.u16(4)
    length = bytes.u64(8)
    payloadLength = bytes.u64(16)
    crc = bytes.u32(24)
    thread = bytes.u32(28)
    firstIndex = bytes.u64(32)
    timeFirst = bytes.u64(40)
    count = bytes.u32(56)
    inflatedLength = bytes.u32(60)
    guard length >= UInt64(Self.headerSize), length % 8 == 0, length < 1 << 40 else { return nil }
  }

  var isEvents: Bool { kind == UInt16(CORONER_SECTION_EVENTS.rawValue) }
  var isDefinitions: Bool { kind == UInt16(CORONER_SECTION_DEFINITIONS.rawValue) }
  var isHot: Bool { kind == UInt16(CORONER_SECTION_HOT.rawValue) }

  /// The inflated payload; nothing if it is incomplete or damaged.
  func inflated(from file: TraceFile) -> [UInt8]? {
    guard payloadLength <= Self.largestPayload, count <= Self.largestCount,
      UInt64(inflatedLength) <= Self.largestPayload * 4
    else { return nil }
    let payload = file.read(at: offset + UInt64(Self.headerSize), count: Int(payloadLength))
    guard payload.count == Int(payloadLength), checksum(payload) == crc else { return nil }
    var length = uLong(inflatedLength)
    let result = [UInt8](unsafeUninitializedCapacity: Int(inflatedLength)) { buffer, filled in
      let status = uncompress(buffer.baseAddress, &length, payload, uLong(payload.count))
      filled = status == Z_OK ? Int(length) : 0
    }
    return result.count == Int(inflatedLength) ? result : nil
  }
}

func checksum(_ bytes: [UInt8]) -> UInt32 {
  UInt32(truncatingIfNeeded: crc32(0, bytes, uInt(bytes.count)))
}
