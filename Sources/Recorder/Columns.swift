import CPlatform

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
  /// All planes, before it is known which of them are needed.
  private let planes: UnsafeMutablePointer<UInt8>

  /// Nothing if there is no memory.
  init?() {
    let size = Int(PLATFORM_PLANES) &* Int(PLATFORM_PLANE_STRIDE)
    guard let memory = platform_reserve(size) else { return nil }
    planes = memory.bindMemory(to: UInt8.self, capacity: size)
  }

  /// Writes a mask of the planes present and the planes; returns the bytes written, at most
  /// 8 + CORONER_PLANES × `count`.
  func split(
    _ records: UnsafePointer<Record>, _ count: Int, into output: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var columns = Output(next: output + 8, count: count)
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 4) { used in
      let isForward = platform_split(records, count, planes, used.baseAddress)
      columns.add(planes, 1..<8, used[0])
      columns.addHighest(records, isForward: isForward)
      columns.add(planes, 0..<1, used[0])
      for word in 1..<4 {
        columns.add(planes + word &* 8 &* Int(PLATFORM_PLANE_STRIDE), 0..<8, used[word])
      }
    }
    UnsafeMutableRawPointer(output).storeBytes(of: columns.mask, as: UInt64.self)
    return columns.next - output
  }

  private struct Output {
    var next: UnsafeMutablePointer<UInt8>
    let count: Int
    var mask: UInt64 = 0
    var number: UInt64 = 0

    init(next: UnsafeMutablePointer<UInt8>, count: Int) {
      self.next = next
      self.count = count
    }

    /// Adds some of the eight planes of a word.
    mutating func add(_ planes: UnsafePointer<UInt8>, _ bytes: Range<Int>, _ used: UInt64) {
      for byte in bytes {
        if (used >> UInt64(byte &* 8)) & 0xff != 0 {
          platform_copy(next, planes + byte &* Int(PLATFORM_PLANE_STRIDE), count)
          addedPlane()
        }
        number &+= 1
      }
    }

    /// The highest byte of the ticks in between: zero unless the clock went backwards.
    mutating func addHighest(_ records: UnsafePointer<Record>, isForward: Bool) {
      if !isForward {
        for i in 0..<count {
          next[i] = i > 0 && records[i].time < records[i &- 1].time ? 0xff : 0
        }
        addedPlane()
      }
      number &+= 1
    }

    private mutating func addedPlane() {
      next += count
      mask |= 1 << number
    }
  }
}
