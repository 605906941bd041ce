package import Findings

/// The faults of many traces as a person reads them.
package struct FaultList {
  package var options: ReportOptions
  package init(options: ReportOptions) { self.options = options }

  /// Traces that are named of one fault.
  private static let traceLimit = 3
  private static let siteLimit = 4

  package func render(_ table: FaultTable) -> StyledText {
    var text = StyledText()
    for fault in table.faults {
      add(fault, of: table.traceCount, to: &text)
      text.addBlank()
    }
    for (path, why) in table.unreadable {
      let line = "\(options.places.path(path)) cannot be read: \(why)"
      text.add([Span("note:", .heading), Span(" " + visible(line, limit: 1000))])
    }
    let stuck = table.faults.count { $0.finding.isStuck }
    var closing =
      table.stuckCount == 0
      ? "nothing is stuck in \(count(table.traceCount, "trace"))"
      : "\(count(stuck, "fault")) in \(count(table.stuckCount)) of \(count(table.traceCount, "trace"))"
    if !table.unreadable.isEmpty {
      closing += "; \(count(table.unreadable.count)) cannot be read"
    }
    text.add(closing + ".")
    return text
  }

  private func add(_ fault: FaultTable.Fault, of total: Int, to text: inout StyledText) {
    let finding = fault.finding
    let headline = Paragraph.headline(
      of: finding, NameStyles(finding),
      place: " in \(count(fault.traces.count)) of \(count(total, "trace"))")
    for line in headline.lines() { text.add(line) }
    var sites: [String] = []
    for mark in finding.marks where !sites.contains(Places.short(mark.site)) {
      sites.append(Places.short(mark.site))
    }
    if !sites.isEmpty {
      let more = sites.count > Self.siteLimit ? ", …" : ""
      text.add([
        Span("  at ", .faint),
        Span(sites.prefix(Self.siteLimit).joined(separator: ", ") + more, .location),
      ])
    }
    let shown = options.all ? fault.traces[...] : fault.traces.prefix(Self.traceLimit)
    for trace in shown {
      text.add([
        Span("  in ", .faint), Span(visible(options.places.path(trace), limit: 200)),
      ])
    }
    if shown.count < fault.traces.count {
      text.add("  and \(count(fault.traces.count - shown.count)) more (--all)", .faint)
    }
    text.add("  fingerprint \(visible(finding.fingerprint))", .faint)
  }
}

extension JSONReport {
  /// docs/faults.schema.json is its description.
  package func render(_ table: FaultTable) -> String {
    let document: JSONValue = [
      "schema": .integer(Self.schemaVersion),
      "traces": .integer(table.traceCount),
      "stuck_traces": .integer(table.stuckCount),
      "unreadable": .array(
        table.unreadable.map { ["path": .string($0.path), "why": .string($0.why)] }),
      "faults": .array(
        table.faults.map { fault in
          [
            "fingerprint": .string(fault.finding.fingerprint),
            "count": .integer(fault.traces.count),
            "traces": .array(fault.traces.map { .string($0) }),
            "finding": finding(fault.finding),
          ]
        }),
    ]
    return document.render(indented: true) + "\n"
  }
}
