import Analysis
import Findings
import History
package import TraceFormat

/// Takes events out of a trace, and looks for findings that only their lack has created, or made certain.
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
    /// What kind of event is missing, or how many.
    package var kind: String
    package var findings: [String]
  }

  private let trace: MemoryTrace
  private let analyzer = Analyzer(sourceLoader: { _ in nil })
  /// Who is stuck, and who is said to be for certain, if nothing is missing.
  private let stuck: Set<UInt64>
  private let certain: Set<UInt64>
  /// Traces that have been analyzed.
  package private(set) var count = 0
  /// Findings, of whatever certainty, about somebody who goes on in the whole trace.
  package private(set) var created = 0
  package private(set) var faults: [Fault] = []

  package init(_ trace: MemoryTrace) throws {
    self.trace = trace
    let analysis = try analyzer.analyze(trace, path: "whole")
    let world = analysis.world
    stuck = Set(Self.numbers(world.parties.indices.filter(analysis.isStuck), world))
    var certain = Self.certain(analysis)
    // With who runs on a thread, or has it run a loop, that thread is stuck, and goes by its own name where the
    // beginning of the turn is missing.
    for slot in world.threadSlots {
      guard let thread = world.threads[slot] else { continue }
      let users = [thread.actor, thread.loops.last?.mainTask].compactMap { $0 }
      guard users.contains(where: { certain.contains(world.parties[$0].number) }) else { continue }
      certain.insert(world.parties[thread.party].number)
    }
    self.certain = certain
  }

  /// Parties that are said to be stuck for certain.
  private static func certain(_ analysis: Analysis) -> Set<UInt64> {
    guard analysis.report.findings.contains(where: { $0.certainty == .certain }) else { return [] }
    return analysis.causeParties.filter(\.isCertain).reduce(into: []) {
      $0.formUnion(numbers($1.parties, analysis.world))
    }
  }

  private static func numbers(_ parties: some Sequence<Int>, _ world: World) -> [UInt64] {
    parties.map { world.parties[$0].number }
  }

  /// Without each event, each block of events, and each thread.
  /// - Parameter limit: as many events at most are left out alone, and as many blocks of a size; of more, one at
  ///   random in each part of the trace.
  package mutating func tryAll(_ manner: Manner, limit: Int = .max) throws {
    var numbers = SplitMix(seed: 1)
    let count = trace.events.count
    for size in [1, 8, 64, 512] where size < count {
      let places = (count + size - 1) / size
      let part = (places - 1) / limit + 1
      for start in stride(from: 0, to: places, by: part) {
        let place = size * min(start + numbers.below(part), places - 1)
        try lose(place..<min(place + size, count), manner)
      }
    }
    for thread in Set(trace.events.map(\.thread)) {
      var other = trace
      other.events.removeAll { $0.thread == thread }
      if manner == .told { other.losses.append(Loss(what: "a thread is missing")) }
      try judge(other, "thread \(thread.number)", kind: "a thread")
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
    let kind = range.count == 1 ? last.kind.specification.name : "a block"
    try judge(other, range.count == 1 ? "\(kind) \(range.lowerBound)" : "\(range)", kind: kind)
  }

  private mutating func judge(_ lossy: MemoryTrace, _ what: String, kind: String) throws {
    count += 1
    let analysis = try analyzer.analyze(lossy, path: "lossy")
    let claims = analysis.causeParties.filter { cause in
      !Self.numbers(cause.parties, analysis.world).allSatisfy(stuck.contains)
    }
    let findings = analysis.report.findings.filter { $0.severity != .note && !$0.kind.isHazard }
    guard !findings.isEmpty else { return }
    if !claims.isEmpty { created += 1 }
    if !Self.certain(analysis).isSubset(of: certain) {
      faults.append(
        Fault(
          what: what, kind: kind,
          findings: findings.map { "\($0.kind.rawValue): \($0.headline)" }))
    }
  }
}
