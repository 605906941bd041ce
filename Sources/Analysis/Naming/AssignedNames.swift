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
    let names = sides[0].split(separator: ",").map { ofAssignment($0 + " = x") }
    let values = elements(of: sides[1])
    guard names.count > 1, names.count == values.count, values.allSatisfy(isMade) else {
      return nil
    }
    let plain = names.compactMap { $0 }
    return plain.count == names.count ? plain : nil
  }

  /// `b` of `a, b, c = make(), make(), []` for a column (from 1, in UTF-8) in the second value.
  static func ofElement(at column: Int, of line: String) -> String? {
    let sides = line.split(separator: "=", maxSplits: 1)
    guard sides.count == 2, column > 0, column <= line.utf8.count else { return nil }
    let names = sides[0].split(separator: ",").map { ofAssignment($0 + " = x") }
    let values = elements(of: sides[1])
    let place = line.utf8.index(line.startIndex, offsetBy: column - 1)
    guard names.count > 1, names.count == values.count,
      let index = values.firstIndex(where: { $0.startIndex <= place && place < $0.endIndex })
    else { return nil }
    return names[index]
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

  /// The last name of the target of a plain assignment; nothing for any other statement.
  static func ofAssignment(_ line: String) -> String? {
    guard let equals = line.firstIndex(of: "="), line.index(after: equals) < line.endIndex,
      line[line.index(after: equals)] != "="
    else { return nil }
    var target = line[..<equals]
    if let colon = target.firstIndex(of: ":") {
      // An annotation, or a statement that begins with a condition.
      let isName = !target[..<colon].drop { $0 == " " || $0 == "\t" }.contains(" ")
      let last = target.lastIndex(of: ":") ?? colon
      let before = target[..<last]
      if !isName, before.count(where: { $0 == "(" }) != before.count(where: { $0 == ")" }) {
        return nil
      }
      target = isName ? target[..<colon] : target[last...].dropFirst()
    }
    let words = target.split(separator: ".").map { $0.filter { !$0.isWhitespace } }
    guard let last = words.last, let first = last.first, first.isLetter || first == "_",
      words.allSatisfy({ $0.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } })
    else { return nil }
    return last
  }

  /// What a `with` takes: `lock` of `with self.lock:`. A thread lock is first seen where it is taken.
  static func ofWith(_ line: String) -> String? {
    let words = line.split(separator: " ")
    guard let with = words.firstIndex(of: "with"), words.indices.contains(with + 1) else {
      return nil
    }
    let taken = words[with + 1].prefix { $0 != ":" && $0 != "," }
    let isPlain = taken.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
    return isPlain ? taken.split(separator: ".").last.map(String.init) : nil
  }
}
