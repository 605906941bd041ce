extension Disagreement {
  /// The smallest world that is found on the way from this one by leaving out parties and steps.
  package func shrunk() -> Disagreement {
    var best = self
    var isBetter = true
    while isBetter {
      isBetter = false
      for smaller in best.blueprint.smaller() {
        var trial = Trial(smaller)
        if let found = trial.run() {
          best = found
          isBetter = true
          break
        }
      }
    }
    return best
  }
}

extension Blueprint {
  /// Worlds with one party, or one step of a party, less.
  fileprivate func smaller() -> [Blueprint] {
    var result: [Blueprint] = []
    for party in programs.indices where programs.count > 1 {
      var other = self
      other.programs.remove(at: party)
      if party < other.hosts.count { other.hosts.remove(at: party) }
      let count = programs.count
      other.programs = other.programs.map { steps in
        steps.compactMap { step in
          func moved(_ other: Int) -> Int? {
            other == party ? nil : other > party && other < count ? other - 1 : other
          }
          switch step {
          case .awaitTask(let other): return moved(other).map { .awaitTask($0) }
          case .result(let other): return moved(other).map { .result($0) }
          case .cancel(let other): return moved(other).map { .cancel($0) }
          default: return step
          }
        }
      }
      result.append(other)
    }
    for party in programs.indices {
      for place in programs[party].indices {
        var other = self
        other.programs[party].remove(at: place)
        result.append(other)
      }
    }
    return result
  }
}
