import Findings
import History
import TraceFormat

/// Says which tasks of executors have waited for long for a continuation that something may still resume, when
/// nothing in the process is stuck: in a server, a request that nobody answers looks like this.
///
/// Such a wait may be meant. So it has to be for a continuation that the user's own code has made, and not the main
/// task's, which often waits for the program's end; or it is what keeps the main task, and such waits were
/// short before.
struct OpenWait {
  let model: WaitModel
  let namer: Namer

  private var world: World { model.world }

  /// Others, at other places, say no more.
  private static let limit = 3
  /// So many times longer than any before.
  private static let factor: UInt64 = 20

  func all() -> [Finding] {
    var places: [Site] = []
    var tasks: [[Int]] = []
    let open = world.parties.indices.filter(isOpen).sorted { since($0) < since($1) }
    for task in open {
      guard let site = namer.userSite(world.parties[task].wait?.site) else { continue }
      if let place = places.firstIndex(of: site) {
        tasks[place].append(task)
      } else {
        places.append(site)
        tasks.append([task])
      }
    }
    return zip(places, tasks).prefix(Self.limit).map(finding)
  }

  private func since(_ task: Int) -> TraceInstant { world.parties[task].wait?.since ?? world.now }

  private func isOpen(_ task: Int) -> Bool {
    let party = world.parties[task]
    guard party.kind == .task, party.isScheduled, let wait = party.wait, wait.primitive == nil,
      !world.isWoken(wait), world.now.since(wait.since) >= ExternalWait.threshold,
      case .resource(let index)? = wait.future, world.resources[index].kind == .future,
      world.resources[index].members.isEmpty, namer.isOwn(wait.site)
    else { return false }
    if namer.directSite(wait.site)?.ownership == .user, task != world.mainTask { return true }
    return keepsMain(task) && !isForNextElement(wait.site)
      && isUnusual(index, world.now.since(wait.since))
  }

  /// Whether the main task waits for the end of this one, or is it.
  private func keepsMain(_ task: Int) -> Bool {
    var next = world.mainTask
    var seen: Set<Int> = []
    while let party = next, seen.insert(party).inserted {
      if party == task { return true }
      guard case .party(let awaited)? = world.parties[party].wait?.future else { return false }
      next = awaited
    }
    return false
  }

  /// Nobody knows when the next client comes.
  private func isForNextElement(_ stack: StackID?) -> Bool {
    world.definitions.frames(stack).contains(where: \.isNextElement)
  }

  /// Whether others with the same stack were over soon.
  private func isUnusual(_ index: Int, _ duration: UInt64) -> Bool {
    guard let stack = world.resources[index].created?.site else { return false }
    let longest = world.resources.compactMap { other -> UInt64? in
      guard other.kind == .future, let made = other.created, made.site == stack,
        let done = other.done
      else { return nil }
      return done.by.time.since(made.time)
    }.max()
    return longest.map { duration / Self.factor >= $0 } ?? false
  }

  // MARK: Words

  private func finding(_ place: Site, _ tasks: [Int]) -> Finding {
    let first = tasks[0]
    let wait = world.parties[first].wait
    let name = namer.quoted(party: first)
    let duration = Clock.duration(world.now.since(since(first)))
    var finding = Finding(
      kind: .externalWait, severity: .note, certainty: .possible,
      headline: "\(name) has waited for a continuation for \(duration); whether anything still "
        + "resumes it is not known")
    finding.parties = [namer.findingParty(first)]
    finding.mark(
      place, .primary, "waits here since \(Clock.instant(since(first)))",
      by: namer.name(party: first))
    finding.mark(
      namer.outerSite(wait?.site), .secondary, "in this call", by: namer.name(party: first))
    finding.because = facts()
    if tasks.count > 1 { finding.notes = ["\(tasks.count - 1) more wait there"] }
    finding.help = ["see that it is resumed on every way, and set a limit for what others bring"]
    return finding
  }

  private func facts() -> [String] {
    let listening = world.descriptors.listening.count
    let full = world.descriptors.watches.keys.count { $0.isForWriting }
    let watched = world.descriptors.watches.count - full - listening
    return [
      (listening, "socket listens", "sockets listen"),
      (watched, "other descriptor may bring something", "other descriptors may bring something"),
      (model.liveTimers.count, "timer is armed", "timers are armed"),
      (
        full, "descriptor is watched until its peer takes what was sent",
        "descriptors are watched until their peers take what was sent"
      ),
    ].filter { $0.0 > 0 }.map { count, one, many in "\(count) \(count == 1 ? one : many)" }
  }
}
