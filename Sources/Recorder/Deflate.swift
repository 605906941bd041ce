import CPlatform

/// Deflates one buffer at a time, several times faster than zlib does at its lowest level: the drain
/// thread's time is the program's as well. The format is that of zlib (RFC 1950 and 1951), without the
/// checksum at its end, for a section has its own: blocks with the fixed codes, and matches of at least six
/// bytes, looked up once in a small table: shorter ones would save little and be found everywhere. What has no
/// match for long is stored as it is.
struct Deflate {
  /// Where six bytes with a given hash were seen last: the position + `base`.
  private let table: UnsafeMutablePointer<UInt32>
  /// Above all that was put into the table for earlier input, so that nobody has to clear it.
  private var base = 1
  /// Codes of the literals, and of the lengths 0 to 258; the number of bits is in the top byte.
  private let literals: UnsafeMutablePointer<UInt32>
  private let lengths: UnsafeMutablePointer<UInt32>

  private static let hashBits: UInt64 = 12
  private static let shortest = 6
  private static let longest = 258
  private static let farthest = 32768

  /// From so many bytes without a match on they are stored: fixed codes would not make them shorter, and
  /// changing the kind of block takes up to seven bytes.
  private static let storedRun = 64
  private static let longestStored = 65535

  /// The most bytes that `count` bytes can become: a literal takes nine bits at most.
  static func limit(_ count: Int) -> Int { count &+ count / 8 &+ 32 }

  /// Nothing if there is no memory.
  init?() {
    let slots = 1 << Int(Self.hashBits)
    guard let memory = platform_reserve((slots &+ 256 &+ 259) &* 4) else { return nil }
    table = memory.bindMemory(to: UInt32.self, capacity: slots &+ 256 &+ 259)
    literals = table + slots
    lengths = literals + 256
    for byte in 0..<256 { literals[byte] = Self.fixedCode(UInt32(byte)) }
    for length in 3...Self.longest { lengths[length] = Self.lengthCode(UInt32(length)) }
  }

  /// The code of a literal or length symbol, its first bit lowest.
  private static func fixedCode(_ symbol: UInt32) -> UInt32 {
    switch symbol {
    case 0..<144: packed(symbol &+ 0x30, 8)
    case 144..<256: packed(symbol &- 144 &+ 0x190, 9)
    case 256..<280: packed(symbol &- 256, 7)
    default: packed(symbol &- 280 &+ 0xc0, 8)
    }
  }
  private static func packed(_ code: UInt32, _ bits: UInt32) -> UInt32 {
    reversed(code, bits) | bits << 24
  }
  private static func reversed(_ code: UInt32, _ bits: UInt32) -> UInt32 {
    var result: UInt32 = 0
    for bit in 0..<bits where code >> bit & 1 != 0 { result |= 1 << (bits &- 1 &- bit) }
    return result
  }

  /// Symbol and extra bits: four symbols for each doubling of the length, two of the distance.
  private static func lengthCode(_ length: UInt32) -> UInt32 {
    if length == longest { return fixedCode(285) }
    let rest = length &- 3
    let extra = rest < 8 ? 0 : UInt32(29 &- rest.leadingZeroBitCount)
    let code = fixedCode(257 &+ 4 &* extra &+ rest >> extra)
    let bits = code >> 24
    return code & 0xff_ffff | (rest & (1 << extra &- 1)) << bits | (bits &+ extra) << 24
  }

  /// Deflates `count` bytes behind `input` into `output`, which has room for `limit(count)`; the length.
  mutating func run(
    _ input: UnsafePointer<UInt8>, _ count: Int, into output: UnsafeMutableRawPointer
  ) -> Int {
    if base > 1 << 30 { forget() }
    defer { base &+= count }
    output.storeBytes(of: 0x0178, as: UInt16.self)  // zlib's header
    var bits = Bits(to: output + 2)
    bits.beginCodes()
    var done = 0
    var here = 0
    let end = count &- 12
    var misses = 0
    while here < end {
      let match = find(input, here)
      guard match >= 0 else {
        // What has not matched for long is searched in ever larger steps.
        here &+= 1 &+ misses >> 4
        misses &+= 1
        continue
      }
      misses = 0
      copy(input, done, here, &bits)
      let length = measure(input, match, here, limit: min(Self.longest, count &- here))
      bits.put(lengths[length])
      bits.putDistance(UInt32(truncatingIfNeeded: here &- match))
      bits.flush()
      here &+= length
      done = here
    }
    copy(input, done, count, &bits)
    bits.endCodes()
    bits.beginCodes(last: true)
    bits.endCodes()
    return bits.finish() - output
  }

  /// The position of an earlier match of the six bytes at `here`, which takes their place in the table;
  /// -1 if there is none.
  @inline(__always)
  private func find(_ input: UnsafePointer<UInt8>, _ here: Int) -> Int {
    let six = Self.six(input + here)
    let slot = Int(truncatingIfNeeded: (six &* 0x9E37_79B9_7F4A_7C15) >> (64 &- Self.hashBits))
    let before = Int(table[slot]) &- base
    table[slot] = UInt32(truncatingIfNeeded: here &+ base)
    guard before >= 0, here &- before <= Self.farthest,
      Self.six(input + before) == six
    else { return -1 }
    return before
  }

  @inline(__always)
  private static func six(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
    UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self) << 16
  }

  @inline(__always)
  private func measure(
    _ input: UnsafePointer<UInt8>, _ before: Int, _ here: Int, limit: Int
  ) -> Int {
    var length = Self.shortest
    while length &+ 8 <= limit {
      let a = UnsafeRawPointer(input + before + length).loadUnaligned(as: UInt64.self)
      let b = UnsafeRawPointer(input + here + length).loadUnaligned(as: UInt64.self)
      if a != b { return length &+ (a ^ b).trailingZeroBitCount / 8 }
      length &+= 8
    }
    while length < limit, input[before &+ length] == input[here &+ length] { length &+= 1 }
    return length
  }

  /// Writes the bytes from `start` to `end` as they are.
  @inline(__always)
  private func copy(
    _ input: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ bits: inout Bits
  ) {
    if end &- start >= Self.storedRun { return store(input, start, end, &bits) }
    var here = start
    while here &+ 4 <= end {
      bits.put(literals[Int(input[here])])
      bits.put(literals[Int(input[here &+ 1])])
      bits.put(literals[Int(input[here &+ 2])])
      bits.put(literals[Int(input[here &+ 3])])
      bits.flush()
      here &+= 4
    }
    while here < end {
      bits.put(literals[Int(input[here])])
      here &+= 1
    }
    bits.flush()
  }
}

extension Deflate {
  /// Makes earlier input unknown.
  mutating func forget() {
    for slot in 0..<1 << Int(Self.hashBits) { table[slot] = 0 }
    base = 1
  }

  @inline(never)
  private func store(
    _ input: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ bits: inout Bits
  ) {
    var here = start
    bits.endCodes()
    while here < end {
      let length = min(Self.longestStored, end &- here)
      bits.putStored(input + here, length)
      here &+= length
    }
    bits.beginCodes()
  }
}

/// A stream of bits, the first one lowest. At most 57 may be put between two flushes.
private struct Bits {
  private var held: UInt64 = 0
  private var count: UInt64 = 0
  private var next: UnsafeMutableRawPointer

  init(to output: UnsafeMutableRawPointer) { next = output }

  @inline(__always) mutating func put(_ code: UInt64, _ bits: UInt64) {
    held |= code &<< count
    count &+= bits
  }
  /// A code with its number of bits in the top byte.
  @inline(__always) mutating func put(_ code: UInt32) {
    put(UInt64(code & 0xff_ffff), UInt64(code >> 24))
  }
  @inline(__always) mutating func putDistance(_ distance: UInt32) {
    let rest = distance &- 1
    let extra = rest < 4 ? 0 : UInt32(30 &- rest.leadingZeroBitCount)
    let symbol = 2 &* extra &+ rest >> extra
    // Five bits in reverse: those of a byte, without its lowest three.
    put(UInt64(UInt8(truncatingIfNeeded: symbol).bitSwapped >> 3), 5)
    put(UInt64(rest & (1 << extra &- 1)), UInt64(extra))
  }
  /// Begins a block with the fixed codes.
  mutating func beginCodes(last: Bool = false) { put(last ? 0b011 : 0b010, 3) }
  mutating func endCodes() {
    put(0, 7)
    flush()
  }
  /// A block of at most 65535 bytes as they are.
  mutating func putStored(_ bytes: UnsafePointer<UInt8>, _ length: Int) {
    put(0b000, 3)
    flush()
    if count > 0 { next += 1 }
    (held, count) = (0, 0)
    let size = UInt16(truncatingIfNeeded: length)
    next.storeBytes(of: UInt32(size) | UInt32(~size) << 16, as: UInt32.self)
    platform_copy(next + 4, bytes, length)
    next += 4 + length
  }
  @inline(__always) mutating func flush() {
    next.storeBytes(of: held, as: UInt64.self)
    next += Int(count >> 3)
    held >>= count & ~7
    count &= 7
  }
  mutating func finish() -> UnsafeMutableRawPointer {
    flush()
    return count > 0 ? next + 1 : next
  }
}

extension UInt8 {
  fileprivate var bitSwapped: UInt8 {
    var byte = self
    byte = byte >> 4 | byte << 4
    byte = (byte & 0xcc) >> 2 | (byte & 0x33) << 2
    return (byte & 0xaa) >> 1 | (byte & 0x55) << 1
  }
}
