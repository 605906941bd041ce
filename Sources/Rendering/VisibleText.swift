/// `text` with everything that could act on a terminal or deceive a reader made visible: control
/// characters, newlines, escapes, and what changes the direction of text or cannot be seen.
///
/// - Parameter limit: columns; what is longer is cut and ends in "…".
package func visible(_ text: some StringProtocol, limit: Int = nameLimit) -> String {
  var result = ""
  var width = 0
  for scalar in text.unicodeScalars {
    let piece = isHarmless(scalar) ? String(scalar) : escaped(scalar)
    let pieceWidth = displayWidth(piece)
    if width + pieceWidth > limit {
      // The ellipsis needs a column of its own.
      while displayWidth(result) > limit - 1 { result.unicodeScalars.removeLast() }
      return result + "…"
    }
    result += piece
    width += pieceWidth
  }
  return result
}

/// Columns that a name may take in a report.
package let nameLimit = 80

/// The last component of a path, for places where the folder is said elsewhere.
func fileName(_ path: String) -> String {
  guard let slash = path.lastIndex(of: "/"), path.index(after: slash) != path.endIndex else {
    return path
  }
  return String(path[path.index(after: slash)...])
}

func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
    false
  default: true
  }
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
  switch scalar {
  case "\n": "\\n"
  case "\r": "\\r"
  case "\t": "\\t"
  case "\u{1B}": "\\e"
  default:
    scalar.value < 0x80
      ? "\\x" + hexadecimal(scalar.value, digits: 2)
      : "\\u{" + String(scalar.value, radix: 16) + "}"
  }
}

func hexadecimal(_ value: UInt32, digits: Int) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
