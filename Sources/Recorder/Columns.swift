import TraceABI

/// One event in a hot buffer: struct coroner_record, whose C name is also a function's.
struct Record {
  var timeKind: UInt64
  var subject: UInt64
  var object: UInt64
  var site: UInt32
  var value: UInt32

  /// Ticks since the start.
  var time: UInt64 { timeKind >> 8 }
}

/// Records as byte planes: the first bytes of all time deltas, then their second bytes, and so on.
///
/// Equal bytes of neighbouring events lie side by side, which deflate likes; planes that are all zero
/// (most are) are left out.
enum Columns {
  /// Writes a mask of the planes present and the planes; returns the bytes written, at most
  /// 8 + CORONER_PLANES × `count`.
  static func split(
    _ records: UnsafePointer<Record>, _ count: Int, into output: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var plane = Plane(output: output, count: count)
    plane.addAll(8) { i in records[i].time &- records[i == 0 ? 0 : i &- 1].time }
    plane.addAll(1) { i in records[i].timeKind & 0xff }
    plane.addAll(8) { i in rotated(records[i].subject) }
    plane.addAll(8) { i in rotated(records[i].object) }
    plane.addAll(4) { i in UInt64(records[i].site) }
    plane.addAll(4) { i in UInt64(records[i].value) }
    UnsafeMutableRawPointer(output).storeBytes(of: plane.mask, as: UInt64.self)
    return plane.length
  }

  /// Most are addresses, whose lowest four bits are zero: with these in front two bytes tell most of
  /// them apart, not three.
  @inline(__always)
  private static func rotated(_ address: UInt64) -> UInt64 { address >> 4 | address << 60 }

  private struct Plane {
    let output: UnsafeMutablePointer<UInt8>
    let count: Int
    var length = 8
    var mask: UInt64 = 0
    var number: UInt64 = 0

    init(output: UnsafeMutablePointer<UInt8>, count: Int) {
      self.output = output
      self.count = count
    }

    /// Adds the `bytes` lowest bytes of a field, lowest first.
    @inline(__always)
    mutating func addAll(_ bytes: UInt64, _ field: (Int) -> UInt64) {
      var used: UInt64 = 0
      for i in 0..<count { used |= field(i) }
      var byte: UInt64 = 0
      while byte < bytes {
        if (used >> (byte &* 8)) & 0xff != 0 {
          let plane = output + length
          for i in 0..<count {
            plane[i] = UInt8(truncatingIfNeeded: field(i) >> (byte &* 8))
          }
          length &+= count
          mask |= 1 << number
        }
        byte &+= 1
        number &+= 1
      }
    }
  }
}
