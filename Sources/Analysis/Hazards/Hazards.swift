import Findings
import History
import TraceFormat

/// What did not stop the program by itself, reported when it helps to explain what did.
struct Hazards {
  let world: World
  let namer: Namer

  /// A loop that stands still for this long has kept every other task waiting for longer than a user
  /// takes to notice, and for far longer than a busy machine delays a step.
  static let slowCallbackMilliseconds: UInt64 = 500
  /// Whoever sets a shorter limit asks whether something is free, and expects that it is not.
  static let transientThreshold: UInt64 = 100_000_000
  /// Findings of one kind at most: the first ones show the habit.
  static let limit = 3

  func all() -> [Finding] {
    neverAwaited() + swallowedExceptions() + slowCallbacks() + destroyedPending()
      + transientDeadlocks()
  }

  private func transientDeadlocks() -> [Finding] {
    world.incidents.brokenCycles.map { TransientDeadlock(cycle: $0, namer: namer) }
      .filter { $0.duration >= Self.transientThreshold }.prefix(Self.limit).map { $0.finding() }
  }

  private func destroyedPending() -> [Finding] {
    world.incidents.destroyed.prefix(Self.limit).map { task, at in
      let party = world.parties[task]
      let name = namer.name(party: task)
      var finding = Finding(
        kind: .destroyedPending, severity: .warning, certainty: .possible,
        headline: "'\(name)' was collected at \(Clock.instant(at)) before it had ended: nothing "
          + "referred to it any more")
      finding.parties = [namer.findingParty(task)]
      if let wait = party.lastWait, let site = namer.userSite(wait.site) {
        finding.mark(site, .primary, "waited here since \(Clock.instant(wait.since))", by: name)
      }
      finding.mark(
        namer.userSite(party.created.site), .secondary,
        "was created here at \(Clock.instant(party.created.time))",
        by: namer.name(party: party.created.party))
      let held = world.resources.indices.filter { index in
        world.resources[index].holds.contains { $0.party == task }
      }
      finding.because = held.prefix(Self.limit).map {
        "it still held \(namer.name(resource: $0)), which nobody gives back now"
      }
      finding.help = ["keep a reference to each task until it has ended, as a task group does"]
      return finding
    }
  }

  private func swallowedExceptions() -> [Finding] {
    let tasks = world.incidents.unretrieved.compactMap { entry -> Int? in
      if case .party(let task) = entry.entity { task } else { nil }
    }
    return tasks.prefix(Self.limit).map { task in
      let error = world.parties[task].error
      var finding = Finding(
        kind: .swallowedException, severity: .warning, certainty: .possible,
        headline: "\(namer.quoted(party: task)) ended with \(error?.type ?? "an exception"), "
          + "and nobody asked for its result")
      finding.mark(
        namer.userSite(error?.site), .primary, "raised here", by: namer.name(party: task))
      finding.help = ["await the task, or look at its exception() when it is done"]
      return finding
    }
  }

  private func slowCallbacks() -> [Finding] {
    let slow = world.incidents.longSteps.filter {
      $0.milliseconds >= Self.slowCallbackMilliseconds && !stillRuns($0)
    }
    return slow.prefix(Self.limit).map { step in
      let name = namer.quoted(party: step.party)
      var finding = Finding(
        kind: .slowCallback, severity: .warning, certainty: .possible,
        headline: "\(name) kept the event loop from everything else for "
          + "\(Clock.duration(step.milliseconds * 1_000_000)) or more")
      finding.mark(
        namer.userSite(step.site), .primary, "was here, \(Clock.instant(step.began))",
        by: namer.name(party: step.party))
      finding.help = [namer.terms.unblock]
      return finding
    }
  }

  /// A step that never ended is a matter for a finding of its own.
  private func stillRuns(_ step: LongStep) -> Bool {
    guard case .running = world.parties[step.party].state else { return false }
    let seen = step.began.nanoseconds + step.milliseconds * 1_000_000
    return (world.parties[step.party].lastRun ?? .start).nanoseconds <= seen
  }

  private func neverAwaited() -> [Finding] {
    world.incidents.neverAwaited.prefix(Self.limit).map { coroutine in
      let name = coroutine.function?.function ?? "a coroutine"
      var finding = Finding(
        kind: .neverAwaited, severity: .warning, certainty: .possible,
        headline: "the coroutine '\(name)' was made and never awaited, so it never ran")
      finding.mark(
        namer.userSite(coroutine.site), .primary, "dropped here at \(Clock.instant(coroutine.at))",
        by: nil)
      finding.help = [namer.terms.start]
      return finding
    }
  }
}
