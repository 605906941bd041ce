/// What a piece of text is; colour follows from it and never says anything alone.
package enum Role: Sendable {
  case plain, error, warning, note, help, heading
  case primaryMark, secondaryMark, task, resource, location, faint, code

  /// The parameters of the escape that begins it (16 colours); nothing for plain text.
  var escape: String? {
    switch self {
    case .plain: nil
    case .error, .primaryMark: "1;31"
    case .warning: "1;33"
    case .note, .heading: "1"
    case .help: "1;32"
    case .secondaryMark: "34"
    case .task: "36"
    case .resource: "35"
    case .location: "4"
    case .faint: "2"
    case .code: "33"
    }
  }
}

/// A piece of one line, in one role. The text holds no control characters.
package struct Span: Sendable {
  package var text: String
  package var role: Role
  package init(_ text: String, _ role: Role = .plain) {
    self.text = text
    self.role = role
  }
}

/// Lines of spans. The coloured form without its escapes is the plain form, byte for byte.
package struct StyledText: Sendable {
  package private(set) var lines: [[Span]] = []

  package init() {}

  package mutating func add(_ line: [Span]) { lines.append(line) }
  package mutating func add(_ line: String, _ role: Role = .plain) {
    lines.append([Span(line, role)])
  }
  package mutating func addBlank() { lines.append([]) }
  package mutating func add(_ other: StyledText) { lines += other.lines }

  package var isEmpty: Bool { lines.isEmpty }

  /// Every line with its newline.
  package func render(color: Bool) -> String {
    var text = ""
    for line in lines {
      for span in line {
        if color, let escape = span.role.escape, !span.text.isEmpty {
          text += "\u{1B}[\(escape)m\(span.text)\u{1B}[0m"
        } else {
          text += span.text
        }
      }
      text += "\n"
    }
    return text
  }
}
