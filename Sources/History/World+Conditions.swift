import TraceFormat

/// A pool may be a list and a condition: who finds the list empty waits, who puts something back notifies. To
/// hold the condition's lock in the function that waits is to take then; to notify elsewhere gives back.
extension World {
  /// A party took the lock of a condition: so far it has not notified.
  mutating func beginSection(_ lock: Int) {
    guard let condition = resources[lock].owner else { return }
    resources[condition].notifier = nil
  }

  /// A party gives the lock back that it took there and then.
  mutating func endSection(_ lock: Int, _ taken: Occurrence) {
    guard let condition = resources[lock].owner else { return }
    let waiting = resources[condition].waitFunctions
    let isInWaiting = waiting.contains(directFunction(taken.site))
    if resources[condition].notifier == taken.party {
      if !isInWaiting { putBack(condition, taken) }
    } else if isInWaiting || waiting.isEmpty {
      addTake(condition, taken)
    }
  }

  /// A section that waits is not over. From the first wait on it is known which sections take.
  mutating func waitInSection(_ condition: Int, of party: Int, _ site: StackID?) {
    if resources[condition].takes.last?.party == party { removeTakes(condition, keeping: nil) }
    let function = directFunction(site)
    guard !resources[condition].waitFunctions.contains(function) else { return }
    if resources[condition].waitFunctions.isEmpty { removeTakes(condition, keeping: function) }
    resources[condition].waitFunctions.append(function)
  }

  /// Takes back the latest take, or all but those of a function.
  private mutating func removeTakes(_ condition: Int, keeping function: [String]?) {
    let before = resources[condition].takes
    let after =
      function.map { function in before.filter { directFunction($0.site) == function } }
      ?? before.dropLast()
    resources[condition].takes = after
    resources[condition].getCount -= UInt64(before.count - after.count)
  }
}
