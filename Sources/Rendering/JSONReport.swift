package import Findings
import TraceFormat

/// The report as JSON; docs/report.schema.json is its description. Instants and durations are whole
/// nanoseconds, names and paths are as the program has them.
package struct JSONReport {
  package var options: ReportOptions
  package init(options: ReportOptions) { self.options = options }

  /// Goes up when a member changes its meaning or goes away; new members do not change it.
  package static let schemaVersion = 1

  package func render(_ report: Report) -> String {
    let document: JSONValue = [
      "schema": .integer(Self.schemaVersion),
      "traces": .array(report.traces.map(trace)),
      "stuck": .bool(report.hasStuck),
      "findings": .array(options.shown(report.findings).map(finding)),
    ]
    return document.render(indented: true) + "\n"
  }

  private func trace(_ trace: TraceSummary) -> JSONValue {
    [
      "path": .string(trace.path),
      "program": .string(trace.program),
      "process": .unsigned(UInt64(trace.process)),
      "parent": trace.parent == 0 ? .null : .unsigned(UInt64(trace.parent)),
      "runtime": .optional(trace.runtime),
      "duration": .unsigned(trace.duration.nanoseconds),
      "events": .unsigned(trace.events),
      "lost": .unsigned(trace.lostEvents),
      "complete": .bool(trace.lostEvents == 0 && trace.losses.isEmpty),
      "clean_end": .bool(trace.cleanEnd),
      "losses": .array(
        trace.losses.map { loss in
          [
            "what": .string(loss.what),
            "byte_offset": loss.byteOffset.map { .unsigned($0) } ?? .null,
            "events": loss.events.map { .unsigned($0) } ?? .null,
          ]
        }),
      "whereabouts": .optional(trace.whereabouts),
      "notes": .array(trace.notes.map { .string($0) }),
      "tasks": .integer(trace.tasks),
      "stuck_tasks": .integer(trace.stuckTasks),
    ]
  }

  func finding(_ finding: Finding) -> JSONValue {
    [
      "kind": .string(finding.kind.rawValue),
      "severity": .string(finding.severity.rawValue),
      "certainty": .string(finding.certainty.rawValue),
      "hazard": .bool(finding.kind.isHazard),
      "process": finding.process.map { .unsigned(UInt64($0)) } ?? .null,
      "headline": .string(finding.headline),
      "parties": .array(finding.parties.map(party)),
      "resources": .array(
        finding.resources.map { resource in
          [
            "kind": .string(resource.kind),
            "name": .string(resource.name),
            "created_at": .array(resource.createdAt.map(site)),
            "count": .integer(resource.count),
          ]
        }),
      "edges": .array(finding.edges.map(edge)),
      "marks": .array(
        finding.marks.map { mark in
          [
            "site": site(mark.site), "role": .string(mark.role.rawValue),
            "label": .string(mark.label), "party": .optional(mark.party),
          ]
        }),
      "story": .array(
        finding.story.map { moment in
          [
            "time": .unsigned(moment.time.nanoseconds), "party": .optional(moment.party),
            "text": .string(moment.text),
          ]
        }),
      "scenario": .array(
        finding.scenario.map { ["party": .string($0.party), "text": .string($0.text)] }),
      "repeats": .integer(finding.repeats),
      "behind": [
        "count": .integer(finding.behind.count),
        "names": .array(finding.behind.map { .string($0.name) }),
        "parties": .array(
          finding.behind.map { party in
            [
              "name": .string(party.name), "what": .string(party.what), "site": site(party.site),
            ]
          }),
      ],
      "evidence": .array(finding.because.map { .string($0) }),
      "help": .array(finding.help.map { .string($0) }),
      "notes": .array(finding.notes.map { .string($0) }),
      "fingerprint": .string(finding.fingerprint),
    ]
  }

  private func party(_ party: Party) -> JSONValue {
    [
      "name": .string(party.name),
      "kind": .string(party.kind.rawValue),
      "state": .string(party.state),
      "since": instant(party.since),
      "stack": .array(party.stack.map(site)),
      "created_at": .array(party.createdAt.map(site)),
      "count": .integer(party.count),
    ]
  }

  private func edge(_ edge: Edge) -> JSONValue {
    [
      "from": .string(edge.from),
      "resource": .string(edge.resource),
      "to": .optional(edge.to),
      "relation": .string(edge.relation),
      "site": site(edge.site),
      "since": instant(edge.since),
    ]
  }

  private func instant(_ time: TraceInstant?) -> JSONValue {
    time.map { .unsigned($0.nanoseconds) } ?? .null
  }

  private func site(_ site: Site?) -> JSONValue {
    guard let site else { return .null }
    return [
      "file": .string(site.file),
      "line": .integer(site.line),
      "function": .string(site.function),
    ]
  }
}
