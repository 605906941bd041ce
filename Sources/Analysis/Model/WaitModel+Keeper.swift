import History
import TraceFormat

/// A thread that keeps a lock which all others of the interpreter need to run.
struct Keeper {
  var slot: ThreadSlot
  var since: TraceInstant
}

extension WaitModel {
  /// The thread without a loop that was seen last where a loop's thread could not run, unless any has
  /// recorded something since.
  static func keeper(in world: World) -> Keeper? {
    let seen = world.threads.keys.filter { slot in
      guard let thread = world.threads[slot], thread.sample != nil, thread.loops.isEmpty,
        !thread.hasEnded
      else { return false }
      // The start of the loop that runs a task is not in the trace.
      return thread.running.allSatisfy {
        world.parties[$0].kind != .task || world.parties[$0].isScheduled
      }
    }
    guard let slot = seen.max(by: { sampled($0, world) < sampled($1, world) }),
      let sample = world.threads[slot]?.sample,
      world.snapshot.map({ $0.time < sample.time }) ?? true
    else { return nil }
    for (other, thread) in world.threads where !thread.isRecorder {
      if thread.lastEvent > sample.time { return nil }
      if other != slot, let later = thread.sample, later.time > sample.time { return nil }
    }
    let busy = TraceInstant(
      nanoseconds: sample.busyMilliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue)
    return Keeper(slot: slot, since: TraceInstant(nanoseconds: sample.time.since(busy)))
  }

  private static func sampled(_ slot: ThreadSlot, _ world: World) -> TraceInstant {
    world.threads[slot]?.sample?.time ?? .start
  }

  /// Whether a thread needs what the keeper keeps: one that runs a loop does.
  func isKept(_ slot: ThreadSlot) -> Bool {
    guard let keeper, slot != keeper.slot, busyThreads.contains(keeper.slot) else { return false }
    return world.threads[slot]?.loops.last.map { !$0.isSet } ?? false
  }
}
