import Findings
import TraceFormat

/// Marked source lines, grouped by function and party.
struct SourceExcerpt {
  var marks: [Mark]
  var options: ReportOptions
  var names: NameStyles

  /// The marks of one function as one party ran it.
  private struct Group {
    var marks: [Mark]
    /// The one its heading points at.
    var chief: Mark { marks.first { $0.role == .primary } ?? marks[0] }
  }

  func render() -> StyledText {
    let gutter = marks.map { String($0.site.line).count }.max() ?? 1
    let blank = Span(String(repeating: " ", count: gutter) + " |", .faint)
    var text = StyledText()
    for (index, group) in groups().enumerated() {
      let hasLine = group.marks.contains { $0.site.line > 0 }
      let lines = hasLine ? options.source(group.chief.site.file) : nil
      text.add(
        heading(group, arrow: index == 0 ? "-->" : ":::", gutter: gutter, hasSource: lines != nil))
      guard let lines else {
        for mark in group.marks.sorted(by: { $0.site.line < $1.site.line }) {
          let label = [
            Span(String(repeating: " ", count: gutter) + " = ", .faint),
            Span(mark.site.line > 0 ? "line \(mark.site.line): " : ""),
          ]
          let paragraph = Paragraph(
            label: label, indent: gutter + 3, text: names.text(mark.label), names: names)
          for line in paragraph.lines() { text.add(line) }
        }
        continue
      }
      text.add([blank])
      var last: Int?
      for mark in group.marks.sorted(by: { $0.site.line < $1.site.line }) {
        let line = mark.site.line
        if let last, line > last + 2 { text.add("...", .faint) }
        // A single line between two marked ones costs no more than the dots would.
        if let last, line == last + 2 { text.add(source(lines, last + 1, gutter: gutter)) }
        let marked = SourceLine(lines.indices.contains(line - 1) ? lines[line - 1] : "")
        if line != last { text.add(source(lines, line, gutter: gutter)) }
        for row in underline(mark, marked) { text.add([blank, Span(" ")] + row) }
        last = line
      }
      text.add([blank])
    }
    return text
  }

  private func groups() -> [Group] {
    var groups: [Group] = []
    for mark in marks {
      let place = groups.firstIndex {
        let first = $0.marks[0]
        return first.site.file == mark.site.file && first.site.function == mark.site.function
          && first.party == mark.party
      }
      if let place { groups[place].marks.append(mark) } else { groups.append(Group(marks: [mark])) }
    }
    // The excerpt begins where something waits.
    if let first = groups.firstIndex(where: { $0.marks.contains { $0.role == .primary } }),
      first > 0
    {
      groups.insert(groups.remove(at: first), at: 0)
    }
    return groups
  }

  private func heading(_ group: Group, arrow: String, gutter: Int, hasSource: Bool) -> [Span] {
    let site = group.chief.site
    let column = hasSource ? site.column.map { ":\($0)" } ?? "" : ""
    var spans = [
      Span(String(repeating: " ", count: gutter) + arrow, .faint), Span(" "),
      Span(options.places.line(site) + column, .location), Span(" in \(visible(site.function))"),
    ]
    if let party = group.chief.party {
      spans += [Span(", run by '"), Span(visible(party), .task), Span("'")]
    }
    return spans
  }

  private func source(_ lines: [String], _ number: Int, gutter: Int) -> [Span] {
    let text = lines.indices.contains(number - 1) ? SourceLine(lines[number - 1]).text : ""
    let head = Span("\(number)".padded(to: gutter) + " |", .faint)
    return text.isEmpty ? [head] : [head, Span(" " + text)]
  }

  /// The marks below a line and their label: beside them, or below where it does not fit.
  private func underline(_ mark: Mark, _ line: SourceLine) -> [[Span]] {
    let range = line.columns(of: mark.site)
    let role: Role = mark.role == .primary ? .primaryMark : .secondaryMark
    let sign = mark.role == .primary ? "^" : "-"
    let lead = Span(String(repeating: " ", count: range.lowerBound))
    let marks = Span(String(repeating: sign, count: range.count), role)
    let label = names.text(mark.label)
    let gutter = (self.marks.map { String($0.site.line).count }.max() ?? 1) + 3
    if gutter + range.upperBound + 1 + displayWidth(label) <= reportWidth {
      return [[lead, marks, Span(" ")] + names.spans(label)]
    }
    let start = min(range.lowerBound, 40)
    let below = Paragraph(
      label: [Span(String(repeating: " ", count: start))], indent: start, text: label, names: names)
    return [[lead, marks]] + below.lines(width: reportWidth - gutter)
  }
}
