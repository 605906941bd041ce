/// Why a text is not a trace, and where.
package struct TraceTextError: Error, Equatable, CustomStringConvertible, Sendable {
  /// 1-based.
  package var line: Int
  package var what: String
  package init(line: Int, what: String) {
    self.line = line
    self.what = what
  }
  package var description: String { "line \(line): \(what)" }
}

/// One line of the text form, split into words. A word may contain quoted parts: `object="KeyError"`.
struct TraceTextLine {
  let number: Int
  var words: ArraySlice<Substring>

  /// Nothing is left of a blank line or of one that holds only a comment.
  init(_ text: Substring, number: Int) throws(TraceTextError) {
    self.number = number
    var words: [Substring] = []
    var start: Substring.Index?
    var isQuoted = false
    // By scalars: a combining mark after a quote must not hide it.
    let scalars = text.unicodeScalars
    var index = text.startIndex
    scan: while index < text.endIndex {
      let character = scalars[index]
      if isQuoted {
        if character == "\\" {
          index = scalars.index(after: index)
          if index == text.endIndex { break }
        } else if character == "\"" {
          isQuoted = false
        }
      } else if character.properties.isWhitespace || character == "#" {
        if let begun = start { words.append(text[begun..<index]) }
        start = nil
        if character == "#" { break scan }
      } else {
        if start == nil { start = index }
        if character == "\"" { isQuoted = true }
      }
      index = scalars.index(after: index)
    }
    guard !isQuoted else { throw TraceTextError(line: number, what: "a quote is not closed") }
    if let start, index == text.endIndex { words.append(text[start...]) }
    self.words = words[...]
  }

  func error(_ what: String) -> TraceTextError { TraceTextError(line: number, what: what) }

  mutating func next(_ what: String) throws(TraceTextError) -> Substring {
    guard let word = words.popFirst() else { throw error("\(what) is missing") }
    return word
  }

  func end() throws(TraceTextError) {
    if let word = words.first { throw error("'\(word)' is too much") }
  }

  /// A word's content: of one in quotes without them, of another as it is.
  func content(_ word: Substring) throws(TraceTextError) -> String {
    let scalars = word.unicodeScalars
    guard scalars.first == "\"" else {
      guard !scalars.contains("\"") else { throw error("a quote within '\(word)'") }
      return String(word)
    }
    guard scalars.count >= 2, scalars.last == "\"" else {
      throw error("text after a quote in '\(word)'")
    }
    return try unescaped(scalars.dropFirst().dropLast())
  }

  private func unescaped(_ text: Substring.UnicodeScalarView) throws(TraceTextError) -> String {
    var result = String.UnicodeScalarView()
    var rest = text
    while let character = rest.popFirst() {
      guard character == "\\" else {
        guard character != "\"" else { throw error("text after a quote in '\(Substring(text))'") }
        result.append(character)
        continue
      }
      switch rest.popFirst() {
      case "\"": result.append("\"")
      case "\\": result.append("\\")
      case "n": result.append("\n")
      case "t": result.append("\t")
      case "r": result.append("\r")
      case "u":
        guard rest.popFirst() == "{", let close = rest.firstIndex(of: "}"),
          let value = UInt32(Substring(rest[..<close]), radix: 16),
          let scalar = Unicode.Scalar(value)
        else { throw error("\\u{…} is not a code point") }
        result.append(scalar)
        rest = rest[rest.index(after: close)...]
      case let other: throw error("'\\\(other.map { String($0) } ?? "")' is no escape")
      }
    }
    return String(result)
  }

  func integer<Number: FixedWidthInteger>(
    _ word: Substring, _ what: String, as _: Number.Type = Number.self
  ) throws(TraceTextError) -> Number {
    let number =
      word.hasPrefix("0x") ? Number(word.dropFirst(2), radix: 16) : Number(word, radix: 10)
    guard let number else { throw error("'\(word)' is not \(what)") }
    return number
  }

  /// `key=value`; nothing if there is no such sign outside quotes.
  func pair(_ word: Substring) -> (key: Substring, value: Substring)? {
    guard let sign = word.firstIndex(of: "="), !word[..<sign].contains("\"") else { return nil }
    return (word[..<sign], word[word.index(after: sign)...])
  }
}
