import TraceFormat

/// Loops: when they rest, are woken, and do not come back.
extension World {
  mutating func applyLoop(_ event: Event) {
    switch event.kind {
    case .loopStart:
      let main = LoopState.isSet(event.subject) ? nil : threads.states[here].lastTaskCreated
      threads.states[here].loops.append(
        LoopState(number: event.subject, since: event.time, mainTask: main))
    case .loopStop:
      if !threads.states[here].loops.isEmpty { threads.states[here].loops.removeLast() }
    case .loopIdle:
      checkRest(event)
      if threads.states[here].loops.isEmpty, event.subject != 0, !LoopState.isSet(event.subject) {
        // Its start is not in the trace.
        threads.states[here].loops = [
          LoopState(number: event.subject, since: event.time, mainTask: nil)
        ]
      }
      guard let last = threads.states[here].loops.indices.last else {
        threads.states[here].isResting = true
        return pruneTimers(of: event.thread)
      }
      let limit = event.value == .max ? nil : event.value
      threads.states[here].loops[last].idle = (event.time, limit)
      // Whose turn, or wait, it was yet has left the thread in an event that is not in the trace.
      if last == 0, !threads.states[here].loops[last].isSet {
        threads.states[here].running = []
        threads.states[here].blocks = []
      }
      threads.states[here].loops[last].rested = event.time
      threads.states[here].loops[last].nextTimer = limit.map {
        TraceInstant(nanoseconds: event.time.nanoseconds.saturatingSum(UInt64($0) * 1_000_000))
      }
      pruneTimers(of: event.thread)
    default:
      guard let last = threads.states[here].loops.indices.last else { return }
      threads.states[here].loops[last].idle = nil
    }
  }

  mutating func wakeLoop(_ event: Event) {
    guard let slot = thread(ofLoop: event.subject), let place = threads.place(of: slot),
      let position = threads.states[place].loops.firstIndex(where: { $0.number == event.subject })
    else { return }
    threads.states[place].loops[position].woken = event.time
  }

  mutating func applySample(_ event: Event) {
    guard
      let slot = definitions.threads.first(where: { $0.value.tid == event.subject })?.key,
      let place = threads.place(of: slot)
    else { return }
    let busy = event.object.multipliedReportingOverflow(by: 1_000_000)
    guard !busy.overflow else { return }
    threads.states[place].sample = (event.time, event.object, event.site)
    guard !threads.states[place].loops.isEmpty else { return }
    incidents.note(
      LongStep(
        party: threads.states[place].actor,
        began: TraceInstant(
          nanoseconds: event.time.since(TraceInstant(nanoseconds: busy.partialValue))),
        milliseconds: event.object, site: event.site))
  }
}
