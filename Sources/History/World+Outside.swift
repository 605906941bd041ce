import TraceFormat

/// What may come from outside: timers, descriptors, signals.
extension World {
  mutating func applyTimer(_ event: Event, by actor: Int) {
    guard event.kind == .timerArm else {
      timers[event.subject] = nil
      return
    }
    let deadline = TraceInstant(
      nanoseconds: event.time.nanoseconds.saturatingSum(UInt64(event.value) * 1_000_000))
    var timer = timers[event.subject]
    if timer?.deadline ?? .start <= event.time { timer = nil }
    var state =
      timer
      ?? TimerState(
        armed: occurrence(event, by: actor), deadline: deadline, thread: event.thread, targets: [],
        reachesUnknown: false)
    state.deadline = deadline
    if let last = threads.states[here].loops.indices.last, !threads.states[here].loops[last].isSet {
      let next = threads.states[here].loops[last].nextTimer ?? deadline
      threads.states[here].loops[last].nextTimer = min(next, deadline)
    }
    if let target = living[event.object] {
      state.targets.append(target)
    } else {
      state.reachesUnknown = true
      // Its creation is not in the trace.
      if event.object != 0, !LoopState.isSet(event.object), thread(ofLoop: event.object) == nil {
        state.targets.append(.resource(resource(event.object, orNew: .future)))
      }
    }
    state.loop = LoopState.isSet(event.object) ? event.object : nil
    timers[event.subject] = state
  }

  /// A loop that goes to sleep has run every timer that was due. Those of a thread without one are others'.
  mutating func pruneTimers(of slot: ThreadSlot) {
    guard timers.count > timerLimit else { return }
    let hasLoop = threads.states[here].loops.last.map { !$0.isSet } ?? false
    timers = timers.filter { (hasLoop && $0.value.thread != slot) || $0.value.deadline > now }
    timerLimit = max(64, 2 * timers.count)
  }

  mutating func applySignal(_ event: Event) {
    if event.value == 0 {
      signalHandlers[event.subject] = nil
      unknownSignalHandlers.remove(event.subject)
    } else if let target = living[event.object] {
      signalHandlers[event.subject, default: []].append(target)
    } else {
      unknownSignalHandlers.insert(event.subject)
    }
  }
}
