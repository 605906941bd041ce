import Analysis
import Findings
import History
package import TraceFormat

/// Takes events out of a trace, and looks for findings that only their lack has created.
package struct Losses {
  /// How the lack shows.
  package enum Manner: String, CaseIterable, Sendable {
    /// As the recorder tells it: an event says how many were lost.
    case told
    /// Nothing says that anything is missing: a probe that did not see it.
    case untold
  }

  package struct Fault: Sendable {
    package var what: String
    package var findings: [String]
  }

  let trace: MemoryTrace
  private let analyzer = Analyzer(sourceLoader: { _ in nil })
  private let stuck: Set<UInt64>
  private let hadFinding: Bool
  /// Traces that have been analyzed.
  package private(set) var count = 0
  /// Findings, of whatever certainty, about somebody who goes on in the whole trace.
  package private(set) var created = 0
  package private(set) var faults: [Fault] = []

  package init(_ trace: MemoryTrace) throws {
    self.trace = trace
    let analysis = try analyzer.analyze(trace, path: "whole")
    stuck = Set(
      Self.numbers(analysis.world.parties.indices.filter(analysis.isStuck), analysis.world))
    hadFinding = !analysis.causeParties.isEmpty
  }

  private static func numbers(_ parties: some Sequence<Int>, _ world: World) -> [UInt64] {
    parties.map { world.parties[$0].number }
  }

  /// Without each event, each block of events, and each thread.
  package mutating func tryAll(_ manner: Manner) throws {
    for index in trace.events.indices { try lose(index..<(index + 1), manner) }
    for size in [8, 64, 512] where size < trace.events.count {
      for start in stride(from: 0, to: trace.events.count, by: size) {
        try lose(start..<min(start + size, trace.events.count), manner)
      }
    }
    for thread in Set(trace.events.map(\.thread)) {
      var other = trace
      other.events.removeAll { $0.thread == thread }
      if manner == .told { other.losses.append(Loss(what: "a thread is missing")) }
      try judge(other, "thread \(thread.number)")
    }
  }

  private mutating func lose(_ range: Range<Int>, _ manner: Manner) throws {
    var other = trace
    let last = trace.events[range.upperBound - 1]
    other.events.removeSubrange(range)
    if manner == .told {
      // A drop of one thread's events; what the others recorded meanwhile is there.
      for thread in Set(trace.events[range].map(\.thread)) {
        other.events.insert(
          Event(time: last.time, thread: thread, kind: .gap, subject: UInt64(range.count)),
          at: range.lowerBound)
      }
    }
    let what = range.count == 1 ? "\(last.kind) \(range.lowerBound)" : "\(range)"
    try judge(other, what)
  }

  private mutating func judge(_ lossy: MemoryTrace, _ what: String) throws {
    count += 1
    let analysis = try analyzer.analyze(lossy, path: "lossy")
    let claims = analysis.causeParties.filter { cause in
      !Self.numbers(cause.parties, analysis.world).allSatisfy(stuck.contains)
    }
    let findings = analysis.report.findings.filter { $0.severity != .note && !$0.kind.isHazard }
    guard !claims.isEmpty, !findings.isEmpty else { return }
    created += 1
    if claims.contains(where: \.isCertain), findings.contains(where: { $0.certainty == .certain }) {
      faults.append(
        Fault(what: what, findings: findings.map { "\($0.kind.rawValue): \($0.headline)" }))
    }
  }
}
