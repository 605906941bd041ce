import Findings
import TraceFormat

/// How it came about, oldest first: a column for each party while they fit, else one for all.
struct StoryColumns {
  private var moments: [(time: String, party: String?, text: String)]
  private var names: NameStyles

  init(moments: [Moment], names: NameStyles) {
    self.moments = moments.map { (instant($0.time), $0.party, $0.text) }
    self.names = names
  }

  /// Without times.
  init(steps: [Step], names: NameStyles) {
    moments = steps.map { ("", $0.party, $0.text) }
    self.names = names
  }

  private static let indent = 3
  private static let gap = 3

  func render() -> StyledText {
    let times = moments.map(\.time)
    let timeWidth = times.map { displayWidth($0) }.max() ?? 0
    let texts = moments.map { line($0.party, $0.text) }
    let first = Self.indent + (timeWidth > 0 ? timeWidth + Self.gap : 0)
    let starts = columns(texts, from: first)

    var text = StyledText()
    for index in moments.indices {
      let time = times[index].paddedLeft(to: Self.indent + timeWidth)
      let start = moments[index].party.flatMap { starts[$0] } ?? first
      let fill = start - Self.indent - timeWidth
      let paragraph = Paragraph(
        label: [Span(time, .faint), Span(String(repeating: " ", count: fill))], indent: start,
        text: texts[index], names: names)
      var lines = paragraph.lines()
      if let party = moments[index].party, let first = lines.first {
        lines[0] = styled(first, party: visible(party))
      }
      for line in lines { text.add(line) }
    }
    return text
  }

  private func line(_ party: String?, _ text: String) -> String {
    names.text((party.map { $0 + " " } ?? "") + text)
  }

  /// The column where each party's texts begin; empty if they do not fit beside one another.
  private func columns(_ texts: [String], from start: Int) -> [String: Int] {
    var order: [String] = []
    var widths: [String: Int] = [:]
    for (moment, text) in zip(moments, texts) {
      guard let party = moment.party else { continue }
      if widths[party] == nil { order.append(party) }
      widths[party] = max(widths[party] ?? 0, displayWidth(text))
    }
    var starts: [String: Int] = [:]
    var column = start
    for party in order {
      starts[party] = column
      column += (widths[party] ?? 0) + 1
    }
    return column - 1 <= reportWidth ? starts : [:]
  }

  /// The line with the party's name at the beginning of its text in the colour of tasks.
  private func styled(_ line: [Span], party: String) -> [Span] {
    guard line.count > 2, line[2].role == .plain, line[2].text.hasPrefix(party + " ") else {
      return line
    }
    let rest = Span(String(line[2].text.dropFirst(party.count)))
    return line[..<2] + [Span(party, .task), rest] + line[3...]
  }
}
