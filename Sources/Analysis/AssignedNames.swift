/// Reads from a line of source what the objects that it makes are assigned to.
enum AssignedNames {
  /// What makes a primitive of its own.
  private static let makers: Set<Substring> = [
    "Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition", "Event", "Barrier", "Queue",
    "LifoQueue", "PriorityQueue",
  ]

  /// `a` and `b` of `a, self.b = asyncio.Lock(), asyncio.Event()`; nothing unless each name is plain and
  /// gets what a known maker makes, so that the n-th object is the n-th name's.
  static func ofTuple(_ line: String) -> [String]? {
    let sides = line.split(separator: "=", maxSplits: 1)
    guard sides.count == 2 else { return nil }
    let names = sides[0].split(separator: ",").map { Namer.assignedName($0 + " = x") }
    let values = elements(of: sides[1])
    guard names.count > 1, names.count == values.count, values.allSatisfy(isMade) else {
      return nil
    }
    let plain = names.compactMap { $0 }
    return plain.count == names.count ? plain : nil
  }

  /// Of a line with several statements the one with a column (from 1, in UTF-8) in it.
  static func statement(at column: Int, of line: String) -> String {
    let bytes = Array(line.utf8)
    guard column > 0, column <= bytes.count, bytes[..<(column - 1)].contains(UInt8(ascii: ";"))
    else {
      return line
    }
    let start = bytes[..<(column - 1)].lastIndex(of: UInt8(ascii: ";"))! + 1
    return String(decoding: bytes[start...], as: UTF8.self)
  }

  private static func isMade(_ value: Substring) -> Bool {
    let callee = value.prefix { $0 != "(" }
    guard callee.endIndex != value.endIndex, let name = callee.split(separator: ".").last else {
      return false
    }
    return makers.contains(name.filter { $0 != " " }[...])
  }

  /// The parts between commas that are in no brackets.
  private static func elements(of text: Substring) -> [Substring] {
    var result: [Substring] = []
    var depth = 0
    var start = text.startIndex
    for index in text.indices {
      switch text[index] {
      case "(", "[", "{": depth += 1
      case ")", "]", "}": depth -= 1
      case "," where depth == 0:
        result.append(text[start..<index])
        start = text.index(after: index)
      default: break
      }
    }
    return result + [text[start...]]
  }
}
