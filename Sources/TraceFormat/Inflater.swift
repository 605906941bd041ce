import CZlib

/// Inflates one payload after another, with the same tables.
final class Inflater {
  private var stream = z_stream()
  private let isReady: Bool
  /// A zlib stream begins with two bytes and may end with a checksum. A section's own covers the same bytes.
  private static let headerSize = 2

  init() {
    isReady =
      inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit { if isReady { inflateEnd(&stream) } }

  /// Whether the payload of a section inflates to exactly that many bytes. Without a dictionary, which no
  /// writer uses.
  func inflate(_ payload: [UInt8], into room: UnsafeMutableBufferPointer<UInt8>) -> Bool {
    guard isReady, inflateReset(&stream) == Z_OK, payload.count > Self.headerSize,
      payload[0] & 0x0f == UInt8(Z_DEFLATED), payload[1] & 0x20 == 0,
      (UInt16(payload[0]) << 8 | UInt16(payload[1])) % 31 == 0
    else { return false }
    var empty: UInt8 = 0
    return payload.withUnsafeBytes { payload in
      withUnsafeMutablePointer(to: &empty) { empty in
        let bytes = UnsafeMutablePointer(
          mutating: payload.baseAddress!.assumingMemoryBound(to: UInt8.self))
        stream.next_in = bytes + Self.headerSize
        stream.avail_in = uInt(payload.count - Self.headerSize)
        stream.next_out = room.baseAddress ?? empty
        stream.avail_out = uInt(room.count)
        // All at once: then no window is kept.
        return CZlib.inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0
      }
    }
  }
}
