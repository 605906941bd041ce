import Findings
import TraceFormat

extension TextReport {
  /// The last line, with the counts and what is missing; one for each trace.
  func closing(of report: Report, shown: [Finding]) -> [[Span]] {
    let hidden = report.findings.count - shown.count
    var verdict: String
    if shown.isEmpty {
      verdict = "nothing is stuck."
    } else {
      let errors = shown.count { $0.severity == .error }
      let warnings = shown.count { $0.severity == .warning }
      verdict = "\(count(errors, "error")), \(count(warnings, "warning"))"
      let notes = shown.count { $0.severity == .note }
      if notes > 0 { verdict += ", \(count(notes, "note"))" }
      verdict += "."
    }
    let stuck = report.findings.filter(\.isStuck)
    var sentences: [String] = []
    for trace in report.traces {
      let name = report.traces.count > 1 ? "Trace \(options.places.path(trace.path))" : "Trace"
      sentences.append(
        "\(name) of \(duration(trace.duration.nanoseconds)), \(state(trace)): "
          + tasks(trace, stuck: report.traces.count == 1 ? stuck : []) + ".")
    }
    if hidden > 0 { sentences.append("\(count(hidden, "hazard")) besides (--hazards).") }
    let text = visible(([verdict] + sentences).joined(separator: " "), limit: 2000)
    return Paragraph(label: [], indent: 0, text: text).lines()
  }

  /// Where the programs stand, of as many as fit under one line.
  func whereabouts(of report: Report) -> [[Span]] {
    let places = report.traces.compactMap { trace in
      trace.whereabouts.map { report.traces.count > 1 ? "process \(trace.process): \($0)" : $0 }
    }
    return places.prefix(4).flatMap { place in
      Paragraph(
        label: [Span("at the end:", .heading), Span(" ")], indent: 6,
        text: visible(place, limit: 1000)
      ).lines()
    }
  }

  /// What could not be read, and what to do about it; once if several traces say the same.
  func notes(of report: Report) -> [[Span]] {
    var told: Set<String> = []
    return report.traces.flatMap(\.notes).filter { told.insert($0).inserted }.flatMap { note in
      Paragraph(
        label: [Span("note:", .heading), Span(" ")], indent: 6, text: visible(note, limit: 1000)
      ).lines()
    }
  }

  private func state(_ trace: TraceSummary) -> String {
    if trace.lostEvents == 0 && trace.losses.isEmpty { return "complete" }
    var missing = trace.losses.prefix(3).map { loss in
      loss.what + (loss.byteOffset.map { " at byte \($0)" } ?? "")
    }
    if trace.losses.count > missing.count {
      missing.append("\(count(trace.losses.count - missing.count)) more")
    }
    if trace.lostEvents > 0 { missing.insert("\(count(trace.lostEvents, "event")) lost", at: 0) }
    return "incomplete (\(missing.joined(separator: "; ")))"
  }

  private func tasks(_ trace: TraceSummary, stuck: [Finding]) -> String {
    var text = count(trace.tasks, "task")
    if trace.stuckTasks > 0 { text += ", \(count(trace.stuckTasks)) stuck" }
    if trace.stuckTasks > 0, stuck.count == 1, let finding = stuck.first {
      let parties = finding.parties.filter { $0.kind == .task && $0.state != "ended" }
      let causes = parties.reduce(0) { $0 + $1.count } * finding.repeats
      var parts: [String] = []
      if causes > 0 { parts.append("\(count(causes)) \(finding.placeOfParties)") }
      if !finding.behind.isEmpty { parts.append("\(count(finding.behind.count)) behind it") }
      if !parts.isEmpty { text += " (\(parts.joined(separator: ", ")))" }
    }
    return text
  }
}

extension Finding {
  /// Where its own parties are, as against those behind them.
  fileprivate var placeOfParties: String {
    switch kind {
    case .lockCycle, .awaitCycle, .pipeCycle: repeats > 1 ? "in such cycles" : "in the cycle"
    default:
      resources.first.map { $0.count > 1 ? "on the \($0.kind)s" : "on the \($0.kind)" } ?? "at it"
    }
  }
}
