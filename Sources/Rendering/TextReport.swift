package import Findings
package import TraceFormat

/// The report as a person reads it.
package struct TextReport {
  package var options: ReportOptions
  package init(options: ReportOptions) { self.options = options }

  package func render(_ report: Report) -> StyledText {
    var text = StyledText()
    let findings = options.shown(report.findings)
    for finding in findings {
      let trace = report.traces.first { $0.process == finding.process }
      text.add(
        render(
          finding, end: trace?.duration ?? report.end, process: process(of: finding, in: report)))
      text.addBlank()
    }
    for line in closing(of: report, shown: findings) { text.add(line) }
    if findings.isEmpty { for line in whereabouts(of: report) { text.add(line) } }
    for line in notes(of: report) { text.add(line) }
    return text
  }

  /// The process of a finding, where there are several.
  private func process(of finding: Finding, in report: Report) -> String? {
    guard let process = finding.process,
      let trace = report.traces.first(where: { $0.process == process })
    else { return nil }
    let isChild = report.traces.contains { $0.process == trace.parent }
    return "process \(process)" + (isChild ? ", child of \(trace.parent)" : "")
      + ", trace \(options.places.path(trace.path))"
  }

  /// The parts of one finding, in their fixed order; empty ones are left out.
  private func render(
    _ finding: Finding, end: TraceInstant, process: String?
  ) -> StyledText {
    let names = NameStyles(finding)
    var text = StyledText()
    func add(_ label: String, _ role: Role, indent: Int, _ body: String, styled: Bool = true) {
      let paragraph = Paragraph(
        label: [Span(label, role), Span(" ")], indent: indent, text: names.text(body),
        names: styled ? names : NameStyles())
      for line in paragraph.lines() { text.add(line) }
    }

    for line in Paragraph.headline(of: finding, names).lines() { text.add(line) }
    if let process { add("  in", .faint, indent: 5, process, styled: false) }
    if finding.edges.count >= 2, finding.scenario.isEmpty {
      text.addBlank()
      // A circle that was broken lasted no longer than that.
      let last = finding.story.last?.time ?? end
      text.add(WaitTable(edges: finding.edges, end: last, isOver: finding.kind.isHazard).render())
    }
    if !finding.marks.isEmpty {
      text.addBlank()
      text.add(
        SourceExcerpt(marks: finding.marks, options: options, names: names).render())
    }
    if options.verbose, !finding.parties.isEmpty {
      text.addBlank()
      text.add(StackListing(parties: finding.parties, places: options.places).render())
    }
    if !finding.story.isEmpty {
      text.addBlank()
      text.add(finding.scenario.isEmpty ? "how it came about:" : "in this run:", .heading)
      text.add(StoryColumns(moments: finding.story, names: names).render())
    }
    if !finding.scenario.isEmpty {
      text.addBlank()
      text.add("what would hang:", .heading)
      text.add(StoryColumns(steps: finding.scenario, names: names).render())
    }
    if !finding.because.isEmpty {
      text.addBlank()
      text.add([
        Span("because", .heading), Span(", when the trace ended at \(instant(end)):"),
      ])
      for fact in finding.because {
        let paragraph = Paragraph(
          label: [Span("   - ")], indent: 5, text: names.text(fact), names: names)
        for line in paragraph.lines() { text.add(line) }
      }
    }
    text.addBlank()
    for line in BehindLines(behind: finding.behind, all: options.all).lines {
      add("also stuck:", .heading, indent: 6, line)
    }
    for help in finding.help { add("help:", .help, indent: 6, help) }
    for note in finding.notes { add("note:", .heading, indent: 6, note) }
    add("more:", .heading, indent: 6, "coroner explain \(finding.kind.rawValue)", styled: false)
    return text
  }
}

extension Report {
  /// When the (last) trace ended.
  package var end: TraceInstant { traces.map(\.duration).max() ?? .start }

  /// Whether anything cannot go on by itself: what the exit status says.
  package var hasStuck: Bool {
    findings.contains(where: \.isStuck)
  }
}
