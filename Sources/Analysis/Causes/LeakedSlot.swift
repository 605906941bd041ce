import Findings
import History
import TraceFormat

/// Pools that libraries build from bare futures and events have no holders in a trace. What it shows is an
/// earlier call of the function that waits, cancelled beyond the place of the wait: it had been let in,
/// and what it did on the way out did not make room.
struct LeakedSlot {
  /// The function that lets in: the innermost one of the wait outside of the language's own library.
  let gate: Site
  let interruption: Interruption
  /// Where the interrupted call stood, innermost user frame, and who had called the gate there.
  let stood: Site
  let caller: Site?
  /// Who calls the gate in the wait that does not end.
  let waitingCaller: Site?

  init?(behind wait: Wait, in world: World) {
    let frames = world.definitions.frames(wait.site)
    guard let depth = frames.firstIndex(where: { $0.ownership != .runtime }),
      // The task's own function lets nobody in.
      depth + 1 < frames.count
    else { return nil }
    gate = frames[depth]
    waitingCaller = frames[(depth + 1)...].first { $0.ownership == .user }
    for interruption in world.interruptions.reversed() where interruption.asked.time <= wait.since {
      let other = world.definitions.frames(interruption.stack)
      guard let inside = other.firstIndex(where: { [gate] in $0.isSameFunction(as: gate) }),
        other[inside].line != gate.line
      else { continue }
      self.interruption = interruption
      stood = other.first { $0.ownership == .user } ?? other[0]
      // A task of its own, as wait_for makes one up to 3.11, is called where it is created.
      let outside =
        inside + 1 < other.count
        ? Array(other[(inside + 1)...])
        : world.definitions.frames(world.parties[interruption.task].created.site)
      caller = outside.first { $0.ownership == .user }
      return
    }
    return nil
  }
}

extension Site {
  /// Whether both are in one function, or in methods of one class.
  func isSameObject(as other: Site) -> Bool {
    file == other.file && (function == other.function || owner != nil && owner == other.owner)
  }

  private var owner: Substring? {
    function.lastIndex(of: ".").map { function[..<$0] }.flatMap { $0.hasSuffix(">") ? nil : $0 }
  }

  fileprivate func isSameFunction(as other: Site) -> Bool {
    file == other.file && function == other.function
  }
}

extension Explainer {
  /// What a cause is called, where the source has to be asked.
  func kind(of cause: Cause) -> FindingKind {
    if let knot = knot(cause) { return knot.kind }
    let kind = model.kind(of: cause)
    if cause.gate != nil { return kind }
    guard kind == .permitExhaustion else { return leakedSlot(cause) == nil ? kind : .leakedPermit }
    let holds = allResources(cause).flatMap { world.resources[$0].holds }
    let isLeaked =
      holds.contains { world.parties[$0.party].isEnded } || holds.allSatisfy(hasLeft)
    return isLeaked ? .leakedPermit : kind
  }

  /// Whether a party that took something in a `with` statement has left it: it has ended, or waits to
  /// enter the very same one again.
  func hasLeft(_ hold: Occurrence) -> Bool {
    if world.parties[hold.party].isEnded { return true }
    guard let wait = world.parties[hold.party].wait else { return false }
    let took = world.definitions.frames(hold.site).filter { $0.ownership == .user }
    let waits = world.definitions.frames(wait.site).filter { $0.ownership == .user }
    return took.count == waits.count && took.contains(where: namer.isWith)
      && zip(took, waits).allSatisfy { $0.isSameFunction(as: $1) && $0.line == $1.line }
  }

  /// What probably took the place for which the parties of an orphaned wait stand in line.
  func leakedSlot(_ cause: Cause) -> LeakedSlot? {
    guard model.kind(of: cause) == .orphanedFuture else { return nil }
    for index in allResources(cause) {
      for party in model.waiters[index, default: []].prefix(16) {
        if let wait = wait(of: party), let leak = LeakedSlot(behind: wait, in: world) {
          return leak
        }
      }
    }
    return nil
  }

  /// Marks where earlier waiters of the same class were cancelled: what they should have passed on, or
  /// undone, may be what is waited for.
  func addMarksOfCancelledWaiters(_ cause: Cause, to finding: inout Finding) {
    guard model.kind(of: cause) == .orphanedFuture else { return }
    for index in allResources(cause) {
      guard let wait = model.waiters[index]?.first.flatMap(wait(of:)),
        let gate = namer.directSite(wait.site)
      else { continue }
      let earlier = world.interruptions.last { interruption in
        interruption.asked.time <= wait.since
          && interruption.task != world.resources[index].created?.party
          && namer.directSite(interruption.stack)?.isSameObject(as: gate) == true
      }
      guard let earlier, let site = namer.userSite(earlier.stack) else { continue }
      finding.mark(
        site, .secondary,
        "another that waited for the like was cancelled here at "
          + Clock.instant(earlier.asked.time), by: namer.name(party: earlier.task))
    }
  }

  /// Where the slot was lost, and where it had been taken.
  func addMarks(of leak: LeakedSlot, to finding: inout Finding) {
    let name = namer.name(party: leak.interruption.task)
    finding.mark(
      leak.waitingCaller, .primary, "asks \(leak.gate.function) to be let in here",
      by: finding.parties.first?.name)
    finding.mark(
      leak.stood, .secondary,
      "an earlier call was cancelled here at \(Clock.instant(leak.interruption.asked.time))",
      by: name)
    if let caller = leak.caller, caller != leak.stood {
      finding.mark(
        caller, .secondary, "which had come through \(leak.gate.function) here", by: name)
    }
  }
}
