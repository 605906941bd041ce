import Findings
import History
import OrderedCollections
import TraceFormat

/// The marked source lines of a finding.
extension Explainer {
  /// Where the parties wait, where what they wait for was taken or made; each once.
  func addMarks(_ cause: Cause, _ parties: [Int], to finding: inout Finding) {
    for party in parties { addMarks(of: party, to: &finding) }
    if let task = cause.ignored { addCancelMark(task, to: &finding) }
    if let task = cause.failed { addFailureMarks(task, to: &finding) }
    addResourceMarks(cause, to: &finding)
    addLibraryMarks(cause, parties, to: &finding)
    finding.marks += ConnectionWording(explainer: self, cause: cause).marks()
    joinMarks(of: &finding)
    var marked: Set<String> = []
    finding.marks = finding.marks.filter {
      marked.insert("\($0.site.file):\($0.site.line) \($0.label)").inserted
    }
  }

  /// Waits at one place for several things are told in one.
  private func joinMarks(of finding: inout Finding) {
    let wait = "waits here for "
    var places: [Site: Int] = [:]
    var marks: [Mark] = []
    for mark in finding.marks {
      guard mark.label.hasPrefix(wait), let place = places[mark.site] else {
        if mark.label.hasPrefix(wait) { places[mark.site] = marks.count }
        marks.append(mark)
        continue
      }
      let what = mark.label.dropFirst(wait.count)
      let known = marks[place].label.dropFirst(wait.count)
      if !String(known).components(separatedByText: ", ").contains(String(what)) {
        marks[place].label += ", " + what
      }
    }
    finding.marks = marks
  }

  private func addMarks(of party: Int, to finding: inout Finding) {
    let name = namer.name(party: party)
    if let wait = wait(of: party), let site = namer.userSite(wait.site) {
      finding.mark(site, .primary, "waits here for \(awaited(wait))", by: name)
      if let direct = namer.directSite(wait.site, of: wait.primitive?.resource),
        direct.ownership == .library, direct != site
      {
        finding.mark(direct, .primary, "which waits here", by: name)
      }
      if site.ownership != .user, let start = namer.userSite(world.parties[party].created.site),
        start.ownership == .user, world.parties[party].kind != .thread
      {
        finding.mark(start, .secondary, "'\(name)' was started here", by: name)
      }
      if let done = resolution(of: party) {
        finding.mark(
          namer.directSite(done.site), .secondary, "resolved here at \(Clock.instant(done.time))",
          by: namer.name(party: done.party))
      }
      finding.mark(namer.outerSite(wait.site), .secondary, "in this call", by: name)
    } else if case .running = world.parties[party].state,
      let sample = world.threads[world.parties[party].thread]?.sample,
      let site = namer.userSite(sample.site)
    {
      finding.mark(site, .primary, "is here since \(Clock.instant(busySince(sample)))", by: name)
    }
  }

  private func addCancelMark(_ task: Int, to finding: inout Finding) {
    guard let asked = world.parties[task].cancelRequested, let site = namer.userSite(asked.site)
    else { return }
    finding.mark(
      site, .secondary,
      "asked \(namer.quoted(party: task)) to end here at \(Clock.instant(asked.time))",
      by: namer.name(party: asked.party))
    guard let broken = world.parties[task].brokenWait, broken.site != world.parties[task].wait?.site
    else { return }
    for site in OrderedSet([namer.userSite(broken.site), namer.directSite(broken.site)]) {
      finding.mark(
        site, .secondary, "was here when it was asked to end", by: namer.name(party: task))
    }
  }

  /// Where a task failed: the innermost line that is no builtin's, and the line of its own function.
  private func addFailureMarks(_ task: Int, to finding: inout Finding) {
    let party = world.parties[task]
    guard let error = party.error, case .ended(_, let at) = party.state else { return }
    let name = namer.name(party: task)
    let raised = namer.directSite(error.site)
    finding.mark(raised, .secondary, "raised \(error.type) at \(Clock.instant(at))", by: name)
    let own = world.definitions.frames(error.site).last {
      $0.file == party.function?.file && $0.function == party.function?.function
    }
    if let own, own != raised {
      finding.mark(own, .secondary, "which ended \(namer.quoted(party: task))", by: name)
    }
  }

  /// Where a call was made that got beyond the line of the wait.
  func addMark(of call: EarlierCall, to finding: inout Finding) {
    finding.mark(
      namer.userSite(call.stack), .secondary,
      "an earlier call got through \(call.function.function) here",
      by: world.party(serial: call.caller).map(namer.name(party:)))
  }

  /// The generator in which a task took what it waits for again, and which pauses within its 'with': it is not on the
  /// task's stack any more. One that makes a 'with' for others is no more than that.
  func pausingGenerator(_ cause: Cause) -> Site? {
    resources(cause).lazy.flatMap { world.resources[$0].holds }.compactMap { hold -> Site? in
      guard let took = namer.userSite(hold.site), namer.isWith(took),
        let wait = wait(of: hold.party)
      else { return nil }
      let outside = world.definitions.frames(hold.site).drop { $0 != took }.dropFirst()
      let isEntered = outside.prefix { $0.ownership == .runtime }.contains {
        $0.function.hasSuffix("__enter__") || $0.function.hasSuffix("__aenter__")
      }
      let isOnStack = world.definitions.frames(wait.site).contains {
        $0.function == took.function && $0.file == took.file
      }
      return isEntered || isOnStack ? nil : took
    }.first
  }

  /// Where a task was when it was asked to end, in the function that had made a resource.
  func interruption(ofMaker maker: Int, _ resource: ResourceRecord) -> Site? {
    guard let made = namer.userSite(resource.created?.site),
      let broken = world.parties[maker].brokenWait
    else { return nil }
    return world.definitions.frames(broken.site).first {
      $0.function == made.function && $0.file == made.file
    } ?? namer.userSite(broken.site)
  }

  private func addMakerMark(_ resource: ResourceRecord, to finding: inout Finding) {
    guard let maker = resource.created?.party, world.parties[maker].isEnded else { return }
    finding.mark(
      interruption(ofMaker: maker, resource), .secondary, "was here when it was asked to end",
      by: namer.name(party: maker))
  }

  /// How the future that a party waits for was resolved, if it was.
  func resolution(of party: Int) -> Occurrence? {
    guard case .resource(let future)? = wait(of: party)?.future else { return nil }
    return world.resources[future].done?.by
  }

  private func busySince(
    _ sample: (time: TraceInstant, busyMilliseconds: UInt64, site: StackID?)
  ) -> TraceInstant {
    let busy = sample.busyMilliseconds * 1_000_000
    return TraceInstant(
      nanoseconds: sample.time.nanoseconds > busy ? sample.time.nanoseconds - busy : 0)
  }

  /// Where one user line both takes and waits, the lines of the library tell the two apart.
  private func addLibraryMarks(_ cause: Cause, _ parties: [Int], to finding: inout Finding) {
    let waits = parties.compactMap(wait)
    let waitLines = Set(waits.compactMap { namer.userSite($0.site).map(Namer.place) })
    for index in resources(cause) {
      for hold in holds(of: index).prefix(8) {
        guard let line = namer.userSite(hold.site), waitLines.contains(Namer.place(line)),
          let direct = namer.directSite(hold.site, of: index), direct != line
        else { continue }
        let name = namer.name(resource: index)
        finding.mark(direct, .secondary, "this takes \(name)", by: namer.name(party: hold.party))
      }
    }
  }

  private func addResourceMarks(_ cause: Cause, to finding: inout Finding) {
    for index in resources(cause) {
      let resource = world.resources[index]
      let name = namer.name(resource: index)
      for hold in holds(of: index).prefix(8) {
        guard let site = namer.userSite(hold.site) else { continue }
        let what =
          hold.handedBy == nil
          ? "took \(name) here" : "handed \(name) to \(namer.quoted(party: hold.party)) here"
        let time = hold.time > .start ? " at \(Clock.instant(hold.time))" : ""
        finding.mark(
          site, .secondary, what + time, by: namer.name(party: hold.handedBy ?? hold.party))
      }
      if let lost = resource.lost, let site = namer.userSite(lost.site), site.ownership != .runtime
      {
        finding.mark(
          site, .secondary,
          "the last that could resume it was let go of here at \(Clock.instant(lost.time))",
          by: namer.name(party: lost.party))
      }
      for (what, done) in [(resource.lastPut, "put"), (resource.lastGot, "taken")] {
        guard let what, let site = namer.userSite(what.site) else { continue }
        let name = namer.name(party: what.party)
        finding.mark(
          site, .secondary, "the last item was \(done) here at \(Clock.instant(what.time))",
          by: name)
        // The line that takes an item may be a library's: it is the one to be mended.
        if let direct = namer.directSite(what.site, of: index), direct != site {
          finding.mark(direct, .secondary, "the last item was \(done) by this", by: name)
        }
      }
      if resource.kind == .future { addMakerMark(resource, to: &finding) }
      // Where a lock was taken says more than where it was made.
      if resource.holds.isEmpty, resource.members.isEmpty, world.jobs[resource.number] == nil,
        let created = resource.created,
        // Native code has no line; the language's own one says nothing.
        let site = namer.userSite(created.site), site.ownership != .runtime,
        // Of a continuation that is where the wait for it is marked.
        !finding.marks.contains(where: { $0.role == .primary && $0.site == site })
      {
        finding.mark(
          site, .secondary,
          "\(resource.kind == .process ? "started" : "made") here at \(Clock.instant(created.time))",
          by: namer.name(party: created.party))
      }
    }
  }
}
