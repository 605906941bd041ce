package import Findings

/// What a report shows, and where it finds the source.
package struct ReportOptions: Sendable {
  /// Library frames and whole stacks, too.
  package var verbose = false
  /// Everything that waits behind a cause, not only the first few.
  package var all = false
  /// What did not hang this run as well.
  package var hazards = false
  package var places = Places()
  /// The lines of a file; nothing if it cannot be read.
  package var source: @Sendable (_ file: String) -> [String]? = { _ in nil }

  package init() {}

  package func shown(_ findings: [Finding]) -> [Finding] {
    findings.filter { hazards || !$0.kind.isHazard }
  }
}
