import TraceFormat

/// Locks of tasks, and permits, whose holders have ended. asyncio lets anybody give them back: the last of several readers does it
/// for the first, a session's close() for its open().
extension World {
  /// Notes the place of a take if the function that it is in gives the lock back.
  mutating func notePair(_ lock: Int, _ taken: Occurrence, _ released: Occurrence) {
    guard [.lock, .semaphore].contains(resources[lock].kind), let place = place(of: taken),
      !pairing.contains(place),
      functions.direct(taken.site) == functions.direct(released.site)
    else { return }
    pairing.insert(place)
  }

  /// Where in the program's own code something was done.
  private func place(of what: Occurrence) -> UInt32? {
    what.site.map { HabitTable.origin($0, definitions) }
  }

  /// Whether others may be meant to give back what was taken by a party that has ended. They are not if the function
  /// that took it gave it back itself before, was left by an exception, or took it for the time of a block.
  package func mayBeLeftToOthers(_ take: Occurrence) -> Bool {
    let holder = parties[take.party]
    let frames = definitions.frames(take.site)
    guard holder.isEnded, !holder.isLeftBehind, take.handedBy == nil, let place = place(of: take),
      !frames.isEmpty, !pairing.contains(place), !frames.contains(where: \.isEntry)
    else { return false }
    if case .ended(.value, _) = holder.state { return true }
    var unwound = definitions.frames(holder.failure?.site)
    if let last = holder.lastWait, last.since >= take.time {
      unwound += definitions.frames(last.site)
    }
    let taker = function(frames)
    return taker == nil || !unwound.contains { function([$0]) == taker }
  }

  /// File and function of the innermost frame outside of the language's own library.
  private func function(_ frames: [Site]) -> [String]? {
    frames.first { $0.ownership != .runtime }.map { [$0.file, $0.function] }
  }
}

extension Site {
  /// Whether a block of code begins there, at whose end another method is called.
  var isEntry: Bool {
    ownership != .user && (function.hasSuffix("__aenter__") || function.hasSuffix("__enter__"))
  }
}
