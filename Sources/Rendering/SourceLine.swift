import TraceFormat

/// One line of source as it is shown, and where its bytes land in columns.
struct SourceLine {
  /// Visible text: tabs are four columns apart at the most, controls escaped, trailing space gone.
  private(set) var text = ""
  /// Column of each byte of the raw line, and one more for its end.
  private var columnOfByte: [Int] = []
  /// Where the code ends: before a comment and the space that leads to it.
  private var codeEnd = 0

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
    codeEnd = displayWidth(code(text))
  }

  /// The columns to mark, 0-based; never empty. Only the first line of a place is marked, and all of
  /// it where its columns are not known.
  func columns(of site: Site) -> Range<Int> {
    let indent = text.prefix { $0 == " " }.count
    var start = indent
    var end = max(codeEnd, indent + 1)
    if let column = site.column, column >= 1, column <= columnOfByte.count {
      start = columnOfByte[column - 1]
      if site.endLine == site.line, let last = site.endColumn, last > column,
        last <= columnOfByte.count
      {
        end = columnOfByte[last - 1]
      }
    }
    return start..<max(end, start + 1)
  }

  /// The text without its comment. A `#` counts as one only after a space and outside of quotes.
  private func code(_ text: String) -> String {
    var quote: Character?
    var before: Character = " "
    for index in text.indices {
      let character = text[index]
      if let open = quote {
        if character == open && before != "\\" { quote = nil }
      } else if character == "\"" || character == "'" {
        quote = character
      } else if character == "#" && before == " " {
        var code = String(text[..<index])
        while code.last == " " { code.removeLast() }
        return code.isEmpty ? text : code
      }
      before = character
    }
    return text
  }
}
