import History
import TraceFormat

/// Programs that are done and cannot end.
extension WaitModel {
  /// A task that was asked to end, and waits again where the request met it.
  ///
  /// Elsewhere it may be cleaning up; there it has taken the request for an error of its work. Requests
  /// by timers alone are not for the task's end, nor are those of a group that ends the body of its block.
  func ignoresCancel(_ task: Int) -> Bool {
    let party = world.parties[task]
    guard party.kind == .task, let asked = party.cancelRequested, let broken = party.brokenWait,
      let wait = party.wait, party.runsSinceCancel > 0, wait.since > asked.time,
      wait.site != nil, wait.site == broken.site || hasGoneOn(task, wait)
    else { return false }
    return isForItsEnd(asked)
  }

  /// Whether a task waits for new work elsewhere, although it was asked to end and somebody waits for that. One
  /// that cleans up handles the request meanwhile.
  private func hasGoneOn(_ task: Int, _ wait: Wait) -> Bool {
    guard let snapshot = world.snapshot, wait.since <= snapshot.time,
      snapshot.unhandled.contains(task)
    else { return false }
    switch wait.primitive?.operation {
    case .queueGet, .eventWait, .conditionWait:
      return !waiters(ofTheEndOf: task).isEmpty
    default: return false
    }
  }

  private func isForItsEnd(_ asked: Occurrence) -> Bool {
    world.definitions.frames(asked.site).contains {
      $0.ownership == .user || $0.role == .ending || $0.role == .abort
    }
  }

  /// Whether `asyncio.run` asked, which ends all tasks when its own is over.
  func isAskedByRun(_ task: Int) -> Bool {
    world.definitions.frames(world.parties[task].cancelRequested?.site).contains {
      $0.role == .ending
    }
  }

  /// Whether a group asked that ends its tasks because one has failed.
  func isAskedByGroup(_ task: Int) -> Bool {
    world.definitions.frames(world.parties[task].cancelRequested?.site).contains {
      $0.role == .abort
    }
  }

  /// Tasks that run on after they were asked to end, while somebody waits for that.
  func ignoredCancels() -> [Cause] {
    world.parties.indices.compactMap { task -> Cause? in
      // A task that ran once may merely be about to end.
      guard world.parties[task].runsSinceCancel > 1, ignoresCancel(task),
        let asked = world.parties[task].cancelRequested,
        world.now.since(asked.time) >= Self.blockedLoopThreshold,
        let node = numbers[.party(task)], live[node]
      else { return nil }
      let waiting = waiters(ofTheEndOf: task)
      guard !waiting.isEmpty || isAskedByRun(task) else { return nil }
      return Cause(
        nodes: [node], behind: waiting, isStructural: false, isClosed: false, isCycle: false,
        ignored: task)
    }
  }

  /// Those that wait for the end of a task that was asked to end, since then; who waits for a group that asked
  /// has done so before.
  func waiters(ofTheEndOf task: Int) -> [Int] {
    guard let asked = world.parties[task].cancelRequested?.time else { return [] }
    let isAbort = isAskedByGroup(task)
    return world.parties.indices.filter { index in
      guard let wait = world.parties[index].wait else { return false }
      if isAbort, let (resource, operation) = wait.primitive, let resource, operation == .group {
        return world.resources[resource].members.contains(.party(task))
      }
      guard wait.since >= asked else { return false }
      switch wait.future {
      case .party(let awaited): return awaited == task
      case .resource(let group):
        return world.resources[group].members.contains(.party(task))
      case nil: return false
      }
    }
  }

  /// The cause with the task in it that ignored a request to end, if that is what it is about.
  func noting(_ cause: Cause) -> Cause {
    guard !cause.isStructural || cause.isProved else { return cause }
    var cause = cause
    if !cause.isCycle { cause.gate = gate(before: cause) }
    cause.ignored =
      cause.nodes.lazy.compactMap { node -> Int? in
        guard case .resource(let index, _) = self.nodes[node] else { return nil }
        return waiters[index, default: []].first(where: ignoresCancel)
      }.first
    return cause
  }

  /// Whether a party waits so that the program can end.
  func endsProgram(_ party: Int) -> Bool {
    let record = world.parties[party]
    switch record.kind {
    case .task:
      return record.function?.role == .ending
    case .thread:
      guard let thread = world.threads[record.thread], thread.actor == party else { return false }
      return thread.block?.primitive?.operation == .exit
    case .job: return false
    }
  }

  /// The main thread, if it waits for others outside of any loop.
  var waitingMainThread: Int? {
    guard let slot = world.mainThread, let thread = world.threads[slot], thread.loops.isEmpty,
      let operation = thread.block?.primitive?.operation
    else { return nil }
    switch operation {
    case .exit, .join, .result: return thread.party
    // It may stay there for ever on purpose: for a signal, or as what keeps the program alive. A job that
    // another process waits for may not.
    case .acquire, .eventWait, .conditionWait, .queueGet, .queuePut, .queueJoin, .barrierWait,
      .sleep, .group, .read, .drain, .accept, .connect, .process:
      let frames = world.definitions.frames(thread.block?.site)
      guard let end = frames.firstIndex(where: \.runsJobsOfOthers) else { return nil }
      return frames[..<end].contains { $0.ownership != .runtime } ? thread.party : nil
    }
  }
}
