import CZlib

/// A file in which all that is checked is right, as far as the places of its sections go: magic, lengths and
/// checksums. Chance would not find them.
enum FileRepair {
  static func repaired(_ rest: ArraySlice<UInt8>) -> [UInt8] {
    var bytes = Array(rest)
    let page = 4096
    let magic = Array("CORONER\n".utf8) + [1, 0, 0, 0, 4, 3, 2, 1]
    guard bytes.count > 96 else { return bytes }
    // The bytes are a header without its zeros, and then sections.
    let header = Array(bytes.prefix(96))
    bytes = magic + header[16...] + [UInt8](repeating: 0, count: page - 96) + bytes.dropFirst(96)
    put(UInt64(bytes.count), at: 64, of: &bytes)
    var place = page
    while place + 72 <= bytes.count {
      put(UInt32(0x4e52_4f43), at: place, of: &bytes)
      let left = bytes.count - place
      let payload = min(Int(bytes[place + 16]) | Int(bytes[place + 17]) << 8, left - 72)
      let length = (72 + payload + 7) / 8 * 8
      // A length of another kind stays as it is.
      if bytes[place + 6] & 1 == 0 {
        put(UInt64(length), at: place + 8, of: &bytes)
        put(UInt64(payload), at: place + 16, of: &bytes)
        for index in 4..<8 where index != 4 { bytes[place + index] = 0 }
        bytes[place + 4] = 1 + bytes[place + 4] % 4
        var contents = Array(bytes[(place + 72)..<(place + 72 + payload)])
        if bytes[place + 68] & 1 == 0 {
          contents = deflated(contents, of: payload)
          bytes.replaceSubrange((place + 72)..<(place + 72 + payload), with: contents)
        }
        put(checksum(contents), at: place + 24, of: &bytes)
      }
      put(UInt32(0), at: place + 64, of: &bytes)
      put(checksum(Array(bytes[place..<(place + 72)])), at: place + 64, of: &bytes)
      place += length
    }
    return bytes
  }

  /// The same bytes as a stored stream, cut to what fits.
  private static func deflated(_ bytes: [UInt8], of room: Int) -> [UInt8] {
    guard room > 11 else { return bytes }
    let kept = Array(bytes.prefix(room - 11))
    let count = UInt16(kept.count)
    var stream: [UInt8] = [0x78, 1, 1]
    stream += [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)]
    stream += kept
    let sum = UInt32(truncatingIfNeeded: adler32(1, kept, uInt(kept.count)))
    return stream + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32(0, bytes, uInt(bytes.count)))
  }

  private static func put<Number: FixedWidthInteger>(
    _ number: Number, at place: Int, of bytes: inout [UInt8]
  ) {
    for index in 0..<(Number.bitWidth / 8) where place + index < bytes.count {
      bytes[place + index] = UInt8(truncatingIfNeeded: number >> Number(8 * index))
    }
  }
}
