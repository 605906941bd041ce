import Findings

/// Finds the names of tasks and resources in running text: to colour them, and to cut those that
/// are too long to read.
struct NameStyles: Sendable {
  /// Visible names, the longest first so that "worker #12" is not taken for "worker #1".
  private var styles: [(name: String, role: Role)] = []
  private var cuts: [(raw: String, cut: String)] = []

  init() {}

  init(_ finding: Finding) {
    var seen: Set<String> = []
    func add(_ raw: String, _ role: Role, to styles: inout NameStyles) {
      guard !raw.isEmpty, seen.insert(raw).inserted else { return }
      if raw.count > nameLimit || displayWidth(raw) > nameLimit {
        styles.cuts.append((raw, visible(raw)))
      }
      styles.styles.append((visible(raw), role))
    }
    for party in finding.parties { add(party.name, .task, to: &self) }
    for edge in finding.edges { add(edge.from, .task, to: &self) }
    for edge in finding.edges { if let to = edge.to { add(to, .task, to: &self) } }
    // Thousands may wait behind one cause; the first few are the ones that are shown.
    for party in finding.behind.prefix(50) { add(party.name, .task, to: &self) }
    for resource in finding.resources { add(resource.name, .resource, to: &self) }
    cuts.sort { $0.raw.utf8.count > $1.raw.utf8.count }
    styles.sort { $0.name.utf8.count > $1.name.utf8.count }
  }

  /// The text with long names cut and everything in it visible.
  func text(_ raw: String) -> String {
    var text = raw
    for name in cuts { text = text.replacing(name.raw, with: name.cut) }
    return visible(text, limit: 1000)
  }

  /// Spans of one line of visible text; joined they are the text.
  func spans(_ line: String) -> [Span] {
    var spans: [Span] = []
    var plain = ""
    var rest = line[...]
    var before: Character = " "
    scan: while let character = rest.first {
      if !Self.isWordPart(before) {
        for style in styles where rest.hasPrefix(style.name) {
          let after = rest.dropFirst(style.name.count)
          if let next = after.first, Self.isWordPart(next) { continue }
          // The name of a task must be quoted in running text: 'main' is one, main is a word.
          if style.role == .task && !(before == "'" && after.first == "'") { continue }
          if !plain.isEmpty { spans.append(Span(plain)) }
          plain = ""
          spans.append(Span(style.name, style.role))
          before = style.name.last ?? " "
          rest = after
          continue scan
        }
      }
      plain.append(character)
      before = character
      rest = rest.dropFirst()
    }
    if !plain.isEmpty { spans.append(Span(plain)) }
    return spans
  }

  private static func isWordPart(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }
}
