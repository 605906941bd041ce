import CPythonABI

/// A place in a source file; columns count from 0, -1: not known.
struct LinePlace {
  var line: Int
  var endLine = 0
  var column = -1
  var endColumn = -1
}

/// A code object's table of lines, in the form of the version that runs, read as memory that may be
/// anything.
struct LineTable {
  private var address: UInt
  private var left: UInt
  /// The next bytes, as many as fit.
  private var window: UInt64 = 0
  private var inWindow = 0

  /// A table that is longer is no table.
  private static let limit: UInt = 1 << 22

  init(_ address: UInt, size: UInt) {
    self.address = address
    left = size <= Self.limit ? size : 0
  }

  /// Where the instruction at an offset in bytes comes from.
  mutating func place(of instruction: Int, from line: Int) -> LinePlace {
    switch minorVersion {
    case 9: return differences(instruction, line)
    case 10: return ranges(instruction, line)
    default: return entries(instruction, line)
    }
  }

  private mutating func next() -> UInt8? {
    if inWindow == 0 {
      let size = min(left, 8)
      guard size > 0, probe_peek(address, &window, Int(size)) else { return nil }
      inWindow = Int(size)
      address += size
      left -= size
    }
    let byte = UInt8(truncatingIfNeeded: window)
    window >>= 8
    inWindow -= 1
    return byte
  }

  /// 3.9: pairs of bytes of code and lines, each after the one before.
  private mutating func differences(_ instruction: Int, _ first: Int) -> LinePlace {
    var place = LinePlace(line: first)
    var offset = 0
    while let bytes = next(), let lines = next() {
      offset += Int(bytes)
      if offset > instruction { break }
      place.line += Int(Int8(bitPattern: lines))
    }
    return place
  }

  /// 3.10: pairs of a range's length and how far its line is from the one before; -128: no line.
  private mutating func ranges(_ instruction: Int, _ first: Int) -> LinePlace {
    var line = first
    var offset = 0
    while let bytes = next(), let lines = next() {
      let difference = Int(Int8(bitPattern: lines))
      if difference != -128 { line += difference }
      offset += Int(bytes)
      if offset > instruction { return LinePlace(line: difference == -128 ? first : line) }
    }
    return LinePlace(line: first)
  }

  /// 3.11+: entries of a form, a length in units of two bytes, and lines and columns in that form.
  private mutating func entries(_ instruction: Int, _ first: Int) -> LinePlace {
    var line = first
    var offset = 0
    while let head = next() {
      let form = Int(head >> 3 & 15)
      var place = LinePlace(line: 0)
      switch form {
      case 15: break
      case 14:
        line += signed()
        place.endLine = line + number()
        place.column = number() - 1
        place.endColumn = number() - 1
      case 13: line += signed()
      case 10...12:
        line += form - 10
        place.column = Int(next() ?? 0)
        place.endColumn = Int(next() ?? 0)
      default:
        let columns = Int(next() ?? 0)
        place.column = form << 3 | columns >> 4
        place.endColumn = place.column + columns & 15
      }
      offset += (Int(head & 7) + 1) * 2
      if offset > instruction {
        if form == 15 { break }
        place.line = line
        return place
      }
    }
    return LinePlace(line: first)
  }

  /// Six bits a byte, the lowest first; the seventh says that there are more.
  private mutating func number() -> Int {
    var value = 0
    var shift = 0
    while let byte = next(), shift < 36 {
      value |= Int(byte & 63) << shift
      if byte & 64 == 0 { break }
      shift += 6
    }
    return value
  }

  private mutating func signed() -> Int {
    let value = number()
    return value & 1 == 0 ? value >> 1 : -(value >> 1)
  }
}
