/// Builds a Graphviz document. Every text goes through `quoted`; labels are never HTML-like.
struct DotWriter {
  private(set) var text: String

  init(name: String) { text = "digraph \(name) {\n" }

  mutating func statement(_ line: String) { text += "  " + line + ";\n" }

  mutating func node(_ id: String, _ attributes: [(String, String)]) {
    statement(id + Self.list(attributes))
  }

  mutating func edge(_ from: String, _ to: String, _ attributes: [(String, String)]) {
    statement("\(from) -> \(to)" + Self.list(attributes))
  }

  mutating func defaults(_ what: String, _ attributes: [(String, String)]) {
    statement(what + Self.list(attributes))
  }

  func finished() -> String { text + "}\n" }

  private static func list(_ attributes: [(String, String)]) -> String {
    if attributes.isEmpty { return "" }
    return " [" + attributes.map { "\($0.0)=\(quoted($0.1))" }.joined(separator: ", ") + "]"
  }

  /// A quoted string of DOT. Newlines separate the lines of a label; all else that is not plain text
  /// must have been made visible before.
  static func quoted(_ raw: String) -> String {
    // A label's escapes (\N, \l) begin with a backslash, its entities (&lt;) with an ampersand.
    let text = raw.replacing("\\", with: "\\\\").replacing("&", with: "&amp;")
      .replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    return "\"\(text)\""
  }
}

/// The colours of both pictures, dark on light; each is also said by a shape, a style or a word.
enum Ink {
  static let text = "#24292f"
  static let faint = "#8c959f"
  static let line = "#6e7781"
  static let cause = "#cf222e"
  static let causeFill = "#ffebe9"
  static let stuck = "#9a6700"
  static let stuckFill = "#fff8c5"
  static let live = "#1a7f37"
  static let liveFill = "#dafbe1"
  static let plainFill = "#f6f8fa"
  static let takes = "#0969da"
  static let takesFill = "#ddf4ff"
  static let font = "Helvetica,Arial,sans-serif"
}
