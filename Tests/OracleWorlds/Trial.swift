import Analysis
import Findings
import History
package import TraceFormat

/// A verdict that the oracle does not share.
package struct Disagreement: Sendable {
  package var blueprint: Blueprint
  /// Who had the turns that lead to it.
  package var schedule: [Int]
  package var what: String
  package var trace: MemoryTrace
}

/// Runs a world in every order, and compares what the analysis says with what the oracle knows: in every
/// situation that can come about.
package struct Trial {
  /// What has been compared so far.
  package struct Tally: Sendable {
    package var worlds = 0
    package var situations = 0
    package var schedules: UInt64 = 0
    package var hangs = 0
    package init() {}
  }

  let blueprint: Blueprint
  private var oracle: Oracle
  private var seen: Set<Situation> = []
  private(set) var disagreements: [Disagreement] = []
  private let analyzer = Analyzer(sourceLoader: { _ in nil })
  package var tally = Tally()
  /// What each hang was called.
  private(set) var verdicts: [Set<FindingKind>] = []
  /// Who could not go on in each of them.
  private(set) var hung: [UInt64] = []
  /// How each run ended, with a hang or without.
  private(set) var ends: [MemoryTrace] = []
  /// What was found in situations in which everybody can go on.
  private(set) var alarms: Set<FindingKind> = []

  /// All worlds that are compared, one after the other; stops at the first one with a disagreement.
  /// - Parameter walks: as many runs of each world, at random, instead of every situation.
  package static func first(
    in blueprints: some Sequence<Blueprint>, walks: Int? = nil, _ tally: inout Tally
  ) -> Disagreement? {
    var numbers = SplitMix(seed: 1)
    for blueprint in blueprints {
      var trial = Trial(blueprint)
      let found = walks.map { trial.walk($0, &numbers) } ?? trial.run()
      tally.worlds += 1
      tally.situations += trial.tally.situations
      tally.schedules &+= trial.tally.schedules
      tally.hangs += trial.tally.hangs
      if let found { return found }
    }
    return nil
  }

  package init(_ blueprint: Blueprint) {
    self.blueprint = blueprint
    oracle = Oracle(blueprint)
  }

  /// Looks at every situation, and at those without a way out once more after a long rest.
  package mutating func run() -> Disagreement? {
    let start = Situation(blueprint)
    tally.schedules = oracle.scheduleCount(from: start)
    explore(Simulation(blueprint, start, tale: Tale(blueprint)), [])
    return disagreements.first
  }

  private mutating func walk(_ count: Int, _ numbers: inout SplitMix) -> Disagreement? {
    let start = Situation(blueprint)
    tally.schedules = UInt64(count)
    for _ in 0..<count {
      var simulation = Simulation(blueprint, start, tale: Tale(blueprint))
      var schedule: [Int] = []
      while disagreements.isEmpty {
        let runnable = look(at: &simulation, schedule)
        guard !runnable.isEmpty else { break }
        let next = runnable[numbers.below(runnable.count)]
        simulation.run(next)
        schedule.append(next)
      }
    }
    return disagreements.first
  }

  private mutating func explore(_ simulation: Simulation, _ schedule: [Int]) {
    guard disagreements.isEmpty, seen.insert(simulation.state).inserted else { return }
    var here = simulation
    for party in look(at: &here, schedule) {
      var next = here
      next.run(party)
      explore(next, schedule + [party])
    }
  }

  /// Compares, and says who could have the next turn.
  private mutating func look(at simulation: inout Simulation, _ schedule: [Int]) -> [Int] {
    let runnable = simulation.runnable()
    simulation.rest(with: runnable)
    compare(simulation, schedule, isAtRest: runnable.isEmpty)
    return runnable
  }

  private mutating func compare(_ simulation: Simulation, _ schedule: [Int], isAtRest: Bool) {
    tally.situations += 1
    let state = simulation.state
    let tale = simulation.tale!
    guard let analysis = try? analyzer.verdict(on: tale.world, of: tale.trace, path: "world")
    else { preconditionFailure("a trace in memory can be read") }
    func mask(_ indices: (Int) -> Bool) -> UInt64 {
      var mask: UInt64 = 0
      for party in state.parties.indices {
        if let index = tale.index(of: party), indices(index) { mask |= 1 << UInt64(party) }
      }
      return mask
    }
    let alive = mask { !tale.world.parties[$0].isEnded }
    let stuck = mask(analysis.isStuck)
    let never = alive & ~oracle.movers(in: state)
    let certain = analysis.causeParties.filter(\.isCertain)
    let claimed = mask { party in certain.contains { $0.parties.contains(party) } }
    func disagree(_ what: String) {
      let found = analysis.report.findings.map { "\($0.kind.rawValue) \($0.certainty.rawValue)" }
      disagreements.append(
        Disagreement(
          blueprint: blueprint, schedule: schedule,
          what: "\(what); found: \(found.joined(separator: ", "))", trace: tale.trace))
    }
    if claimed & ~never != 0 {
      return disagree("said to be stuck for certain, but may go on: \(list(claimed & ~never))")
    }
    let kinds = Set(
      analysis.report.findings.filter { $0.severity != .note && !$0.kind.isHazard }.map(\.kind))
    if isAtRest { ends.append(tale.trace) }
    if never == 0 { alarms.formUnion(kinds) }
    if isAtRest, never != 0 {
      verdicts.append(kinds)
      hung.append(never)
    }
    let will = FreeWill(simulation: simulation)
    let free = alive & ~will.movers()
    if will.isBound, stuck != free {
      return disagree("stuck is \(list(free)), the analysis says \(list(stuck))")
    }
    guard isAtRest, never != 0 else { return }
    tally.hangs += 1
    if stuck != never { return disagree("all of \(list(never)) is stuck, not \(list(stuck))") }
    if kinds.isEmpty { disagree("nothing is found, although \(list(never)) is stuck") }
  }

  private func list(_ mask: UInt64) -> [Int] {
    blueprint.all.indices.filter { mask >> UInt64($0) & 1 == 1 }
  }
}
