/// Findings of many traces, each fault once: what has the same fingerprint is the same one.
package struct FaultTable: Sendable {
  package struct Fault: Sendable {
    /// As the first trace has it.
    package var finding: Finding
    /// Those that have it, as they were given.
    package var traces: [String]
  }

  /// Most urgent first, then those met most often.
  package private(set) var faults: [Fault] = []
  package private(set) var traceCount = 0
  /// Traces in which something is stuck.
  package private(set) var stuckCount = 0
  /// Those that cannot be read, and why.
  package private(set) var unreadable: [(path: String, why: String)] = []
  private var places: [String: Int] = [:]

  package init() {}

  /// - Parameter findings: of one trace, those that are to be told.
  package mutating func add(_ findings: [Finding], of path: String) {
    traceCount += 1
    if findings.contains(where: \.isStuck) { stuckCount += 1 }
    for finding in findings {
      let place = places[finding.fingerprint] ?? faults.count
      if place == faults.count {
        places[finding.fingerprint] = place
        faults.append(Fault(finding: finding, traces: []))
      }
      if faults[place].traces.last != path { faults[place].traces.append(path) }
    }
  }

  package mutating func addUnreadable(_ path: String, why: String) {
    unreadable.append((path, why))
  }

  /// Puts the faults in order; places are as they were added before.
  package mutating func sort() {
    func urgency(_ fault: Fault) -> Int {
      switch fault.finding.severity {
      case .error: 0
      case .warning: fault.finding.isStuck ? 1 : 2
      case .note: 3
      }
    }
    faults.sort {
      (urgency($0), $1.traces.count, $0.finding.fingerprint)
        < (urgency($1), $0.traces.count, $1.finding.fingerprint)
    }
    places = [:]
    for (place, fault) in faults.enumerated() { places[fault.finding.fingerprint] = place }
  }
}

extension Finding {
  /// Whether something cannot go on by itself.
  package var isStuck: Bool { !kind.isHazard && severity != .note }
}
