import TraceFormat

/// What must have happened, and is not in the trace, although nothing was lost: the probe has not seen it.
///
/// A history that contradicts itself proves nothing any more: what is missing may be what ended a wait.
extension World {
  /// Counts something that shows that an event is missing before this one.
  @inline(never)
  mutating func noteUnseen(before event: Event) {
    if !isOfLeftPast(event) { unseenEvents += 1 }
  }

  /// Whether a key frame tells it: of what is left of a past, which need not fit together.
  func isOfLeftPast(_ event: Event) -> Bool {
    keptFrom.map { event.time <= $0 } ?? false
  }

  /// A task of a loop begins a turn: it exists, has none, and what it waited for has come.
  @inline(__always)
  mutating func checkTurn(of task: Int?, beginsWith event: Event) {
    guard event.object == 0 else { return }
    guard let task else { return noteUnseen(before: event) }
    if parties[task].isScheduled { return }
    switch parties[task].state {
    case .ready: break
    case .waiting(let wait):
      if let future = wait.future, !isDone(future) || isWithinAnother(task) {
        noteUnseen(before: event)
      }
    case .running, .ended: noteUnseen(before: event)
    }
  }

  /// Whether another task of the thread's only loop has its turn: within it only a new task can begin one.
  private func isWithinAnother(_ task: Int) -> Bool {
    guard let last = threads.states[here].running.last, threads.states[here].loops.count == 1 else {
      return false
    }
    return parties[last].kind == .task && last != task
  }

  /// A task of a loop ends a turn: it has one here.
  @inline(__always)
  mutating func checkTurn(of task: Int?, endsWith event: Event) {
    guard let task else { return noteUnseen(before: event) }
    if threads.states[here].running.last == task || parties[task].isScheduled { return }
    if !threads.states[here].running.contains(task) { noteUnseen(before: event) }
  }

  /// A loop goes to its selector: it was started, and no task has its turn.
  mutating func checkRest(_ event: Event) {
    if LoopState.isSet(event.subject) || event.subject == 0 { return }
    guard let loop = threads.states[here].loops.last, !loop.isSet else {
      return noteUnseen(before: event)
    }
    guard threads.states[here].loops.count == 1 else { return }
    if threads.states[here].running.contains(where: { parties[$0].kind == .task }) {
      noteUnseen(before: event)
    }
  }

  /// Items are put into queues only. What threads use is not always announced, and may have the number of a future.
  @inline(__always)
  mutating func checkQueue(_ resource: Int, _ event: Event) {
    switch event.kind {
    case .queuePut, .queueGot, .queueTaskDone:
      if resources[resource].kind != .queue { noteUnseen(before: event) }
    default: break
    }
  }

  /// Whether at the end there is somebody who cannot be where the trace has left them: who waits keeps what it waits
  /// for, so that its number does not begin another life; and a loop does not sleep while one of its tasks can run.
  package var leavesUnseen: Bool {
    for index in parties.indices where parties[index].kind == .task && !parties[index].isScheduled {
      switch parties[index].state {
      case .waiting(let wait):
        guard case .resource(let future)? = wait.future, future != forgotten else { continue }
        if living[resources[future].number] != .resource(future) { return true }
      case .ready: if isPassedOver(index) { return true }
      case .running, .ended: break
      }
    }
    return false
  }

  private func isPassedOver(_ task: Int) -> Bool {
    guard let thread = threads[parties[task].thread], thread.loops.count == 1,
      let loop = thread.loops.last, !loop.isSet, let idle = loop.idle
    else { return false }
    let created = parties[task].created
    return created.time >= loop.since && created.time < idle.since
      && parties[created.party].thread == parties[task].thread
  }
}
