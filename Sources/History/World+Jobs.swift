import TraceFormat

/// Jobs of executors.
extension World {
  mutating func applyJob(_ event: Event, by actor: Int) {
    switch event.kind {
    case .jobQueue:
      var job = PartyRecord(
        kind: .job, number: event.subject, created: occurrence(event, by: actor),
        thread: event.thread)
      job.executor = resource(event.object, orNew: .executor)
      job.code = functions.code(event.value)
      jobs[event.subject] = append(job)
      awaitedJobs[event.subject] = nil
      threads.states[here].lastConcurrentFuture = nil
    case .jobStart:
      guard let job = jobs[event.subject] else { return }
      endFormerJobs(at: event.time)
      parties[job].state = .running
      parties[job].thread = event.thread
      parties[job].lastRun = event.time
      threads.states[here].running.append(job)
      threads.states[here].isWorker = true
    default:
      endJobsWait(for: event.subject)
      guard let job = jobs.removeValue(forKey: event.subject) else { return }
      parties[job].state = .ended(.value, at: event.time)
      threads.states[here].leave(job)
    }
  }

  /// A job that begins only when another one has ended.
  mutating func addJobDependency(_ event: Event, of job: Int) {
    let inner =
      jobs[event.object].map(Entity.party)
      ?? .resource(resource(event.object, orNew: .concurrentFuture))
    dependentJobs[event.object, default: []].append(event.subject)
    awaitedJobs[event.subject, default: []].insert(event.object)
    switch parties[job].state {
    case .ready:
      parties[job].state = .waiting(
        Wait(
          future: inner, primitive: nil, site: parties[job].created.site,
          since: parties[job].created.time))
    case .waiting(var wait):
      let group = wait.primitive?.resource ?? makeGroup(of: wait.future, for: job)
      resources[group].changeUse().members.append(inner)
      wait.future = .resource(group)
      wait.primitive = (group, .group)
      parties[job].state = .waiting(wait)
    case .running, .ended: break
    }
  }

  private mutating func makeGroup(of first: Entity?, for job: Int) -> Int {
    let group = append(
      ResourceRecord(kind: .group, number: 0, capacity: 1, created: parties[job].created))
    let use = resources[group].changeUse()
    use.members = first.map { [$0] } ?? []
    use.dependency = .all
    return group
  }

  /// What waits for nothing else has only its turn to wait for.
  private mutating func endJobsWait(for number: UInt64) {
    for dependent in dependentJobs.removeValue(forKey: number) ?? [] {
      guard awaitedJobs[dependent]?.remove(number) != nil,
        awaitedJobs[dependent]?.isEmpty == true
      else { continue }
      awaitedJobs[dependent] = nil
      if let job = jobs[dependent], case .waiting = parties[job].state {
        parties[job].state = .ready
      }
    }
  }

  /// A worker that takes up a job has ended those that have a result, even if that is not in the trace.
  private mutating func endFormerJobs(at time: TraceInstant) {
    for former in threads.states[here].running
    where parties[former].kind == .job
      && resource(parties[former].number).map({ resources[$0].isDone }) == true
    {
      jobs[parties[former].number] = nil
      parties[former].state = .ended(.value, at: time)
      threads.states[here].leave(former)
    }
  }
}
