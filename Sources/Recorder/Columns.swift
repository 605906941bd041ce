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
/// Equal bytes of neighbouring events lie side by side, which deflate likes; planes that are all zero
/// (most are) are left out.
struct Columns {
  /// The planes of one field, before it is known which of them are needed.
  private let planes: UnsafeMutablePointer<UInt8>
  /// As many records as a buffer holds, and a few more to make it a multiple of a block.
  private static let stride = 2048
  private static let block = 16

  /// Nothing if there is no memory.
  init?() {
    guard let memory = platform_reserve(8 &* Self.stride) else { return nil }
    planes = memory.bindMemory(to: UInt8.self, capacity: 8 &* Self.stride)
  }

  /// Writes a mask of the planes present and the planes; returns the bytes written, at most
  /// 8 + CORONER_PLANES × `count`.
  func split(
    _ records: UnsafePointer<Record>, _ count: Int, into output: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var columns = Output(next: output + 8, count: count)
    add(&columns) { i in records[i].time &- records[i == 0 ? 0 : i &- 1].time }
    addKinds(&columns, records)
    add(&columns) { i in Self.rotated(records[i].subject) }
    add(&columns) { i in Self.rotated(records[i].object) }
    add(&columns) { i in UInt64(records[i].site) | UInt64(records[i].value) << 32 }
    UnsafeMutableRawPointer(output).storeBytes(of: columns.mask, as: UInt64.self)
    return columns.next - output
  }

  /// Most are addresses, whose lowest four bits are zero: with these in front two bytes tell most of
  /// them apart, not three.
  @inline(__always)
  private static func rotated(_ address: UInt64) -> UInt64 { address >> 4 | address << 60 }

  private struct Output {
    var next: UnsafeMutablePointer<UInt8>
    let count: Int
    var mask: UInt64 = 0
    var number: UInt64 = 0
  }

  /// Adds the eight bytes of a field, lowest first.
  @inline(__always)
  private func add(_ columns: inout Output, _ field: (Int) -> UInt64) {
    var used: UInt64 = 0
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.block) { words in
      let words = words.baseAddress!
      var start = 0
      while start < columns.count {
        let length = min(Self.block, columns.count &- start)
        var i = 0
        while i < length {
          words[i] = field(start &+ i)
          used |= words[i]
          i &+= 1
        }
        platform_transpose(words, planes + start, Self.stride)
        start &+= Self.block
      }
    }
    var byte = 0
    while byte < 8 {
      if (used >> UInt64(byte &* 8)) & 0xff != 0 {
        platform_copy(columns.next, planes + byte &* Self.stride, columns.count)
        columns.next += columns.count
        columns.mask |= 1 << columns.number
      }
      byte &+= 1
      columns.number &+= 1
    }
  }

  private func addKinds(_ columns: inout Output, _ records: UnsafePointer<Record>) {
    var i = 0
    while i < columns.count {
      columns.next[i] = UInt8(truncatingIfNeeded: records[i].timeKind)
      i &+= 1
    }
    columns.next += columns.count
    columns.mask |= 1 << columns.number
    columns.number &+= 1
  }
}
