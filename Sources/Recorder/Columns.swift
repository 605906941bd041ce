import CPlatform
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
/// Records of one kind lie side by side: they have much in common, and most fields are zero in all of a kind.
/// Deflate likes that; planes that are all zero (most are) are left out.
struct Columns {
  /// All planes, before it is known which of them are needed.
  private let planes: UnsafeMutablePointer<UInt8>

  /// Nothing if there is no memory.
  init?() {
    let size = Int(CORONER_PLANES) &* Int(PLATFORM_PLANE_STRIDE)
    guard let memory = platform_reserve(size) else { return nil }
    planes = memory.bindMemory(to: UInt8.self, capacity: size)
  }

  /// Writes a mask of the planes present and the planes; returns the bytes written, at most
  /// 8 + CORONER_PLANES × `count`.
  func split(
    _ records: UnsafePointer<Record>, _ count: Int, into output: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var mask: UInt64 = 1 << UInt64(CORONER_BY_KIND)
    var next = output + 8
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 4) { used in
      platform_split(records, count, planes, used.baseAddress)
      for plane in 0..<Int(CORONER_PLANES) where isUsed(plane, used.baseAddress!) {
        platform_copy(next, planes + plane &* Int(PLATFORM_PLANE_STRIDE), count)
        next += count
        mask |= 1 << UInt64(plane)
      }
    }
    UnsafeMutableRawPointer(output).storeBytes(of: mask, as: UInt64.self)
    return next - output
  }

  /// Whether a plane is not all zero.
  private func isUsed(_ plane: Int, _ used: UnsafePointer<UInt64>) -> Bool {
    let kinds = Int(CORONER_PLANE_KIND)
    if plane == kinds { return true }
    let byte = plane < kinds ? plane : plane &- 1
    return used[byte / 8] >> UInt64(byte % 8 &* 8) & 0xff != 0
  }
}
