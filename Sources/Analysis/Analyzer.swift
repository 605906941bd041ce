import Findings
package import History
package import TraceFormat

/// Reads a trace and says what in it can never go on.
package struct Analyzer {
  private let source: (String) -> [String]?

  /// - Parameter sourceLoader: the lines of a source file, if it is there; names of locks are read from
  ///   the lines that made them.
  package init(sourceLoader: @escaping (String) -> [String]?) { source = sourceLoader }

  /// - Parameter until: the instant to stop at; the end of the trace if nothing.
  /// - Parameter predicting: also look for what could have hung, for which the trace is read again.
  package func analyze(
    _ trace: any EventSource, path: String, until: TraceInstant? = nil, predicting: Bool = false
  ) throws -> Analysis {
    var world = World(definitions: trace.definitions)
    world.process = UInt64(trace.header.process)
    world.keptFrom = trace.header.keptFrom
    let losses = try trace.forEachBatch { world.apply($0, until: until) }
    // Nothing is known of what comes after the trace.
    if let end = [until, trace.header.lastInstant].compactMap({ $0 }).min() {
      world.advance(to: end)
    }
    var analysis = try verdict(on: world, of: trace, losses: losses, path: path, until: until)
    if predicting { try analysis.predict() }
    return analysis
  }

  /// What is stuck in a world that was replayed from a trace. Throws what reading the trace again throws.
  package func verdict(
    on world: World, of trace: any EventSource, losses: [Loss] = [], path: String,
    until: TraceInstant? = nil
  ) throws -> Analysis {
    let lost = max(world.lostEvents, trace.header.lostEvents)
    let isLossy = lost > 0 || losses.contains { $0.events != 0 }
    var model = WaitModel(world)
    let isWhole = until.map { $0 >= trace.header.lastInstant ?? .start } ?? true
    let isOver = isOver(world, hasEnded: trace.header.cleanEnd && isWhole)
    var causes = isOver ? [] : model.causes() + model.ignoredCancels() + model.abandonedFutures()
    if causes.isEmpty, !isOver, world.snapshot != nil {
      causes = try model.causesInCallsThatComeBack { waits in
        try EarlierCalls(of: waits, in: world, trace, until: until).found
      }
    }
    if causes.isEmpty, !isOver, let retried = WaitModel.causesBehindRetries(in: world) {
      (model, causes) = retried
    }
    if causes.isEmpty, !isOver, let starved = WaitModel.causesOfStarvedPools(behind: model) {
      (model, causes) = starved
    }
    // Others may have done it before, of which nothing is known any more.
    let isLearned = world.keptFrom == nil || world.knowsHabits && !isLossy
    if causes.isEmpty, !isOver, world.snapshot != nil, isLearned {
      let learned = WaitModel(world, learning: true)
      causes = try learned.learnedCauses { tasks, instant in
        let rounds = try Rounds(of: tasks, since: instant, in: world, trace, until: until)
        return tasks.allSatisfy(rounds.isComplete)
      }
      if !causes.isEmpty { model = learned }
    }
    let namer = Namer(world: model.world, source: source)
    let explainer = Explainer(model: model, namer: namer, isLossy: isLossy)
    let told = explainer.merged(causes)
    var findings = told.map(explainer.finding)
    if told.count == 1 { findings[0].notes += explainer.bystanderNotes(told[0]) }
    if findings.isEmpty, !isOver {
      findings = ExternalWait(world: world, namer: namer, reach: model.reach).all()
      if findings.isEmpty { findings = OpenWait(model: model, namer: namer).all() }
    }
    let stands = findings.isEmpty && !isOver ? explainer.whereabouts() : nil
    findings += Hazards(world: world, namer: namer).all()
    for index in findings.indices where findings[index].fingerprint.isEmpty {
      findings[index].setFingerprint()
    }
    findings.sort(by: Finding.isWorse)
    let stuck =
      causes.isEmpty
      ? 0
      : world.parties.indices.count {
        world.parties[$0].kind == .task && !world.parties[$0].isEnded && !model.isLive(.party($0))
      }
    var summary = TraceSummary(
      path: path, program: trace.header.program, process: trace.header.process,
      runtime: trace.definitions.fact("runtime"), duration: world.now, events: world.eventCount,
      lostEvents: lost, losses: losses, cleanEnd: trace.header.cleanEnd, tasks: world.taskCount,
      stuckTasks: stuck)
    summary.parent = trace.header.parent
    summary.whereabouts = stands
    let children = ChildWait(world: world, namer: namer)
    if !trace.header.cleanEnd { summary.stand = children.standOfMainThread() }
    if !isOver {
      summary.waitsForChild = children.place()
      summary.awaitedProcesses = children.awaited()
    }
    return Analysis(
      report: Report(traces: [summary], findings: findings), model: model, namer: namer,
      causes: causes, trace: trace, until: until)
  }

  /// Whether every loop had stopped when the recording ended, and no executor had a task left: such a
  /// program is not stuck.
  private func isOver(_ world: World, hasEnded: Bool) -> Bool {
    hasEnded
      || world.threads.values.allSatisfy { $0.loops.isEmpty && $0.block == nil }
        && !world.parties.contains { $0.isScheduled && !$0.isEnded }
  }
}

extension Finding {
  static func isWorse(_ a: Finding, _ b: Finding) -> Bool {
    (a.rank, a.headline) < (b.rank, b.headline)
  }

  private var rank: Int {
    switch severity {
    case .error: 0
    case .warning: kind.isHazard ? 2 : 1
    case .note: 3
    }
  }
}
