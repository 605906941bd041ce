import TraceFormat

/// One line of source as it is shown, and where its bytes land in columns.
struct SourceLine {
  /// Visible text: tabs are four columns apart at the most, controls escaped, trailing space gone.
  private(set) var text = ""
  /// Column of each byte of the raw line, and one more for its end.
  private var columnOfByte: [Int] = []

  private static let tab = 4
  /// Lines longer than this are no source that a person wrote.
  private static let limit = 400

  init(_ raw: String) {
    var column = 0
    for scalar in raw.unicodeScalars {
      var piece =
        scalar == "\t"
        ? String(repeating: " ", count: Self.tab - column % Self.tab)
        : visible(String(scalar))
      if column > Self.limit { piece = "" }
      columnOfByte += Array(repeating: column, count: UTF8.width(scalar))
      text += piece
      column += displayWidth(piece)
    }
    columnOfByte.append(column)
    while text.last == " " { text.removeLast() }
  }

  /// The columns to mark, 0-based; never empty. Only the first line of a place is marked, and all of
  /// it where its columns are not known.
  func columns(of site: Site) -> Range<Int> {
    let indent = text.prefix { $0 == " " }.count
    var start = indent
    let sign = site.file.hasSuffix(".py") ? "#" : "//"
    var end = max(displayWidth(code(before: sign)), indent + 1)
    if let column = site.column, column >= 1, column <= columnOfByte.count {
      start = columnOfByte[column - 1]
      if site.endLine == site.line, let last = site.endColumn, last > column,
        last <= columnOfByte.count
      {
        end = columnOfByte[last - 1]
      } else if site.endColumn == nil, let call = call(at: start) {
        return call
      }
    }
    return start..<max(end, start + 1)
  }

  /// The call whose name, or whose first word, is at this column, where a compiler says no more: from what it is a
  /// member of up to the end of its arguments. Nothing if none is there.
  private func call(at column: Int) -> Range<Int>? {
    let bytes = Array(text.utf8)
    func isWord(_ index: Int) -> Bool {
      guard bytes.indices.contains(index) else { return false }
      let character = Character(Unicode.Scalar(bytes[index]))
      return character.isLetter || character.isNumber || character == "_"
    }
    // Otherwise bytes are no columns.
    guard bytes.allSatisfy({ $0 < 0x80 }), isWord(column) else { return nil }
    var start = column
    while isWord(start - 1) || start > 0 && bytes[start - 1] == UInt8(ascii: ".") { start -= 1 }
    var end = column
    while isWord(end) { end += 1 }
    guard bytes.indices.contains(end), bytes[end] == UInt8(ascii: "(") else { return nil }
    var depth = 0
    while end < bytes.count {
      if bytes[end] == UInt8(ascii: "(") { depth += 1 }
      if bytes[end] == UInt8(ascii: ")") { depth -= 1 }
      end += 1
      if depth == 0 { return start..<end }
    }
    return nil
  }

  /// The text without its comment, which begins with the sign, after a space and outside of quotes.
  private func code(before sign: String) -> String {
    var quote: Character?
    var before: Character = " "
    for index in text.indices {
      let character = text[index]
      if let open = quote {
        if character == open && before != "\\" { quote = nil }
      } else if character == "\"" || character == "'" {
        quote = character
      } else if before == " " && text[index...].hasPrefix(sign) {
        var code = String(text[..<index])
        while code.last == " " { code.removeLast() }
        return code.isEmpty ? text : code
      }
      before = character
    }
    return text
  }
}
