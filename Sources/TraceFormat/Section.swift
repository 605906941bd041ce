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
  /// Part of a key frame.
  var isKept: Bool { kind == UInt16(CORONER_SECTION_KEPT.rawValue) }
  var isHot: Bool { kind == UInt16(CORONER_SECTION_HOT.rawValue) }

  /// The payload as it is stored, and so many bytes to inflate; nothing if it is incomplete or damaged.
  private func payload(from file: TraceFile) -> [UInt8]? {
    guard payloadLength <= Self.largestPayload, count <= Self.largestCount,
      UInt64(inflatedLength) <= Self.largestPayload * 4
    else { return nil }
    let payload = file.read(at: offset + UInt64(Self.headerSize), count: Int(payloadLength))
    return payload.count == Int(payloadLength) && checksum(payload) == crc ? payload : nil
  }

  /// Inflates the payload into bytes that are made longer if need be; false if it is incomplete or damaged.
  func inflate(from file: TraceFile, by inflater: Inflater, into bytes: inout [UInt8]) -> Bool {
    guard let payload = payload(from: file) else { return false }
    let length = Int(inflatedLength)
    if bytes.count < length { bytes = [UInt8](repeating: 0, count: length) }
    return bytes.withUnsafeMutableBufferPointer {
      inflater.inflate(payload, into: UnsafeMutableBufferPointer(rebasing: $0[..<length]))
    }
  }

  /// The inflated payload; nothing if it is incomplete or damaged.
  func inflated(from file: TraceFile, by inflater: Inflater) -> [UInt8]? {
    var bytes: [UInt8] = []
    guard inflate(from: file, by: inflater, into: &bytes) else { return nil }
    return Array(bytes.prefix(Int(inflatedLength)))
  }
}

func checksum(_ bytes: [UInt8]) -> UInt32 {
  UInt32(truncatingIfNeeded: crc32(0, bytes, uInt(bytes.count)))
}
