import Analysis
import Findings
import TraceFormat

/// What is predicted from runs of small worlds, against all that can happen in them.
package struct Foresight: Sendable {
  package var worlds = 0
  /// Runs that did not hang in a ring of locks.
  package var runs = 0
  package var predictions = 0
  /// A prediction of parties that cannot be stuck together, with the world.
  package var falseAlarm: String?
  /// Worlds in which some run hangs in a ring of locks and another does not, and those of which one that does not tells.
  package var hangable = 0
  package var foreseen = 0
  /// One that no run foresees.
  package var missed: Blueprint?

  package init() {}

  package init(_ blueprints: some Sequence<Blueprint>) {
    for blueprint in blueprints where falseAlarm == nil { look(at: blueprint) }
  }

  private mutating func look(at blueprint: Blueprint) {
    worlds += 1
    var trial = Trial(blueprint)
    _ = trial.run()
    let analyzer = Analyzer(sourceLoader: { _ in nil })
    var isForeseen = false
    var isAvoidable = false
    for trace in trial.ends {
      guard let analysis = try? analyzer.analyze(trace, path: "world", predicting: true) else {
        preconditionFailure("a trace in memory can be read")
      }
      let findings = analysis.report.findings
      if !findings.contains(where: { $0.kind == .lockCycle }) {
        runs += 1
        isAvoidable = true
      }
      for finding in findings where finding.kind == .lockOrderInversion {
        predictions += 1
        isForeseen = true
        let parties = Self.mask(finding)
        if !trial.hung.contains(where: { $0 & parties == parties }) {
          falseAlarm = "\(finding.headline)\n\(blueprint)\n\(trace.events)"
          return
        }
      }
    }
    guard isAvoidable, trial.verdicts.contains([.lockCycle]) else { return }
    hangable += 1
    if isForeseen { foreseen += 1 } else if missed == nil { missed = blueprint }
  }

  /// The parties of a finding, as a set of their numbers: "party2" is 2.
  private static func mask(_ finding: Finding) -> UInt64 {
    finding.parties.reduce(0) { mask, party in
      let digits = party.name.drop { !$0.isNumber }.prefix { $0.isNumber }
      return mask | Int(digits).map { 1 << UInt64($0) }!
    }
  }
}

extension Family {
  /// A world at random in which locks are taken under others, with what may order or guard that.
  package static func sections(_ numbers: inout SplitMix) -> Blueprint {
    var blueprint = Blueprint([])
    blueprint.lockCount = 3
    let count = 2 + numbers.below(2)
    for party in 0..<count {
      var program: [Step] = []
      for _ in 0..<(1 + numbers.below(2)) {
        if numbers.below(3) == 0 { program.append(pause(of: party, among: count, &numbers)) }
        program += section(&numbers)
        if numbers.below(3) == 0 { program.append(signal(&numbers)) }
      }
      blueprint.programs.append(program)
    }
    return blueprint
  }

  private static func section(_ numbers: inout SplitMix) -> [Step] {
    var locks = [0, 1]
    if numbers.below(3) == 0 { locks[numbers.below(2)] = 2 }
    if numbers.below(2) == 0 { locks.reverse() }
    if numbers.below(4) == 0, let guarding = [0, 1, 2].first(where: { !locks.contains($0) }) {
      locks.insert(guarding, at: 0)
    }
    var steps = locks.map(Step.acquire) + locks.reversed().map(Step.release)
    if numbers.below(4) == 0 { steps = [.take(0)] + steps + [.give(0)] }
    return steps
  }

  private static func pause(of party: Int, among count: Int, _ numbers: inout SplitMix) -> Step {
    switch numbers.below(5) {
    case 0: .awaitEvent(0)
    case 1: .get(0)
    case 2: .awaitFuture(0)
    case 3: .awaitTask((party + 1 + numbers.below(count - 1)) % count)
    default: .sleep
    }
  }

  private static func signal(_ numbers: inout SplitMix) -> Step {
    switch numbers.below(4) {
    case 0: .set(0)
    case 1: .put(0)
    case 2: .resolve(0)
    default: .sleep
    }
  }
}
