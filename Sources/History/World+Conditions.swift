import TraceFormat

/// A pool may be a list and a condition: who finds the list empty waits, who puts something back notifies. To
/// hold the condition's lock in the function that waits is to take then; to notify elsewhere gives back.
extension World {
  /// A party took the lock of a condition: so far it has not notified.
  mutating func beginSection(_ lock: Int) {
    guard let condition = resources[lock].owner else { return }
    resources[condition].changeUse().notifier = nil
  }

  /// Of the threads that wait on a condition the first ones are woken; that each goes on is told once it has its turn.
  mutating func wakeThreads(waitingOn condition: Int, upTo count: UInt64) {
    guard count > 0 else { return }
    let waiting = threads.states.indices.filter { place in
      guard let block = threads.states[place].blocks.last, block.deadline.map({ $0 > now }) ?? true,
        case (condition?, .conditionWait)? = block.primitive
      else { return false }
      return true
    }
    let first = waiting.sorted {
      threads.states[$0].blocks.last!.since < threads.states[$1].blocks.last!.since
    }
    for place in first.prefix(Int(clamping: count)) {
      threads.states[place].blocks[threads.states[place].blocks.count - 1].deadline = now
    }
  }

  /// A party gives the lock back that it took there and then.
  mutating func endSection(_ lock: Int, _ taken: Occurrence) {
    guard let condition = resources[lock].owner else { return }
    let waiting = resources[condition].use.waitFunctions
    let isInWaiting = waiting.contains(functions.direct(taken.site))
    if resources[condition].use.notifier == taken.party {
      if !isInWaiting { putBack(resources[condition].changeUse(), taken) }
    } else if isInWaiting || waiting.isEmpty {
      addTake(resources[condition].changeUse(), taken)
    }
  }

  /// A section that waits is not over. From the first wait on it is known which sections take.
  mutating func waitInSection(_ condition: Int, of party: Int, _ site: StackID?) {
    if resources[condition].use.takes.last?.party == party { removeTakes(condition, keeping: nil) }
    let function = functions.direct(site)
    guard !resources[condition].use.waitFunctions.contains(function) else { return }
    if resources[condition].use.waitFunctions.isEmpty { removeTakes(condition, keeping: function) }
    resources[condition].changeUse().waitFunctions.append(function)
  }

  /// Takes back the latest take, or all but those of a function.
  private mutating func removeTakes(_ condition: Int, keeping function: Int?) {
    let before = resources[condition].use.takes
    let after =
      function.map { function in before.filter { functions.direct($0.site) == function } }
      ?? before.dropLast()
    let use = resources[condition].changeUse()
    use.takes = after
    use.getCount -= min(use.getCount, UInt64(before.count - after.count))
  }
}
