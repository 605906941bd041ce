import Findings

/// Columns that no line of a report exceeds, but for source lines, which are never broken.
package let reportWidth = 100

/// Text broken at spaces, its continuation lines below the first word after the label.
struct Paragraph {
  var label: [Span]
  var indent: Int
  var text: String
  var names = NameStyles()

  func lines(width: Int = reportWidth) -> [[Span]] {
    let first = label.reduce(0) { $0 + displayWidth($1.text) }
    var lines: [[Span]] = []
    var words: [String] = []
    var column = first
    func end() {
      let body = names.spans(words.joined(separator: " "))
      let lead = Span(String(repeating: " ", count: lines.isEmpty ? 0 : indent))
      lines.append((lines.isEmpty ? label : [lead]) + body)
    }
    for word in pieces(limit: max(10, width - max(indent, first))) {
      let needed = displayWidth(word) + (words.isEmpty ? 0 : 1)
      if column + needed > width && !words.isEmpty {
        end()
        words = []
        column = indent
      }
      column += displayWidth(word) + (words.isEmpty ? 0 : 1)
      words.append(word)
    }
    if !words.isEmpty || lines.isEmpty { end() }
    return lines
  }

  /// The words; those longer than a line are cut into pieces that are not.
  private func pieces(limit: Int) -> [String] {
    text.split(separator: " ", omittingEmptySubsequences: true).flatMap { word -> [String] in
      guard displayWidth(word) > limit else { return [String(word)] }
      var pieces: [String] = []
      var piece = ""
      for character in word {
        if displayWidth(piece) + displayWidth(String(character)) > limit {
          pieces.append(piece)
          piece = ""
        }
        piece.append(character)
      }
      return pieces + [piece]
    }
  }
}

extension Paragraph {
  /// What a finding says first, behind its severity and kind.
  /// - Parameter place: where it was found, if that is to be said.
  static func headline(of finding: Finding, _ names: NameStyles, place: String = "") -> Paragraph {
    let role: Role =
      switch finding.severity {
      case .error: .error
      case .warning: .warning
      case .note: .note
      }
    let label = [
      Span("\(finding.severity.rawValue)[\(finding.kind.rawValue)]", role), Span("\(place): "),
    ]
    return Paragraph(label: label, indent: 6, text: names.text(finding.headline), names: names)
  }
}
