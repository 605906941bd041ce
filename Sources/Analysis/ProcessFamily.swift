package import Findings
import TraceFormat

/// Several processes of one program: what their traces say about each other.
package enum ProcessFamily {
  /// One report of several: all findings, worst first, each with its process; a wait for a child names
  /// what keeps the child.
  package static func combine(_ reports: [Report]) -> Report {
    var result = Report(traces: reports.flatMap(\.traces), findings: [])
    guard reports.count > 1 else { return reports.first ?? result }
    for report in reports {
      guard let trace = report.traces.first else { continue }
      let stuck = reports.compactMap { stuckChild($0, of: trace.process) }
      let standing = reports.compactMap { standingChild($0, of: trace) }
      result.findings += report.findings.map { finding in
        var finding = finding
        finding.process = trace.process
        if !finding.kind.isHazard {
          if finding.waitsForChild { finding.notes += stuck + standing }
          if finding.severity != .note { finding.notes += ancestors(of: trace, in: result.traces) }
        }
        return finding
      }
    }
    result.findings = Severity.allCases.flatMap { severity in
      result.findings.filter { $0.severity == severity }
    }
    return result
  }

  /// Where those wait that started the process, and who started them, as far as their traces are there.
  private static func ancestors(
    of trace: TraceSummary, in traces: [TraceSummary]
  ) -> [String] {
    var notes: [String] = []
    var child = trace
    // A process's number may be another one's again: no longer chain than there are traces.
    for _ in traces {
      guard child.parent != 0, let parent = traces.first(where: { $0.process == child.parent }),
        let place = parent.waitsForChild
      else { break }
      notes.append(
        "\(parent.process), which started \(child.process), waits for a process: \(place)")
      child = parent
    }
    return notes
  }

  /// What keeps a child, in one clause; nothing if it is no child or nothing does.
  private static func stuckChild(_ report: Report, of parent: UInt32) -> String? {
    guard let trace = report.traces.first, trace.parent == parent, trace.process != parent,
      let worst = report.findings.first(where: \.isStuck)
    else { return nil }
    return "the child process \(trace.process) is stuck itself: \(worst.headline)"
  }
}

extension ProcessFamily {
  /// Where a child stands whose end is waited for, if nothing else is said of it.
  private static func standingChild(_ report: Report, of parent: TraceSummary) -> String? {
    guard let trace = report.traces.first, trace.parent == parent.process,
      parent.awaitedProcesses.contains(UInt64(trace.process)), let stand = trace.stand,
      !report.findings.contains(where: { !$0.kind.isHazard })
    else { return nil }
    return "the child process \(trace.process) was seen at \(stand) last"
  }
}

extension Finding {
  /// Whether its wait may be one for another process: for its end, for what it sends, or in a call of the
  /// library that starts processes.
  fileprivate var waitsForChild: Bool {
    if kind == .externalWait || kind == .pipeCycle { return true }
    return parties.contains { party in
      party.state != "ended" && party.stack.contains(where: \.startsProcesses)
    }
  }
}
