/// Knows which parties of a world can ever take a turn again, by trying everything that can happen.
struct Oracle {
  let blueprint: Blueprint
  /// Each set of parties is a bit mask.
  private var known: [Situation: UInt64] = [:]
  private var schedules: [Situation: UInt64] = [:]

  init(_ blueprint: Blueprint) { self.blueprint = blueprint }

  /// Those that have a turn in some continuation. Every turn uses up a step or a wake-up, so the search ends.
  mutating func movers(in state: Situation) -> UInt64 {
    if let mask = known[state] { return mask }
    var mask: UInt64 = 0
    // Whether somebody will break a wait off is not for a verdict to say.
    for party in Simulation(blueprint, state).runnable() {
      mask |= 1 << UInt64(party) | movers(in: next(state, party, cancels: false))
    }
    known[state] = mask
    return mask
  }

  /// In how many orders the world can run to its end.
  mutating func scheduleCount(from state: Situation) -> UInt64 {
    if let count = schedules[state] { return count }
    var count: UInt64 = 0
    for party in Simulation(blueprint, state).runnable() {
      count &+= scheduleCount(from: next(state, party))
    }
    schedules[state] = max(count, 1)
    return max(count, 1)
  }

  private func next(_ state: Situation, _ party: Int, cancels: Bool = true) -> Situation {
    var simulation = Simulation(blueprint, state)
    simulation.cancels = cancels
    simulation.run(party)
    return simulation.state
  }
}
