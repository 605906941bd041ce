import History
import TraceFormat

/// Where a process waits for one that it has started: said beside what keeps the other one.
struct ChildWait {
  let world: World
  let namer: Namer

  /// "'main' at app.py:12"; nothing if no such wait is seen.
  func place() -> String? {
    guard isAwaited || isPoolAwaited else { return threadPlace() }
    return mainPlace()
  }

  /// The processes whose end somebody waits for.
  func awaited() -> Set<UInt64> {
    let tasks = world.parties.compactMap { $0.wait?.primitive }
    let threads = world.snapshot?.threads.values.compactMap { stand -> (Int?, Operation)? in
      guard case .resource(let index)? = stand.resource else { return nil }
      return stand.operation.map { (index, $0) }
    }
    return Set(
      (tasks + (threads ?? [])).compactMap { resource, operation in
        guard operation == .process, let resource, world.resources[resource].kind == .process
        else { return nil }
        return world.resources[resource].capacity
      })
  }

  /// Where the main thread was seen last outside of a loop, if it has not moved since.
  func standOfMainThread() -> String? {
    guard let slot = world.mainThread, let thread = world.threads[slot], thread.loops.isEmpty,
      let stack = stand(of: slot, thread) ?? thread.block?.site
    else { return nil }
    return namer.userSite(stack).map(Namer.place)
  }

  private var isAwaited: Bool {
    world.parties.contains { $0.wait?.primitive?.operation == .process }
  }

  /// Whether a job is left that a process of a pool is to do.
  private var isPoolAwaited: Bool {
    world.resources.indices.contains(where: { index in
      let record = world.resources[index]
      return record.kind == .concurrentFuture && !world.isDone(.resource(index))
        && world.definitions.frames(record.created?.site).contains(where: \.isOfProcessPool)
    })
  }

  /// A job, or the main thread outside of a loop, in a call of the library that starts processes.
  private func threadPlace() -> String? {
    for slot in world.threadSlots {
      guard let thread = world.threads[slot], !thread.hasEnded,
        let stack = stand(of: slot, thread) ?? thread.block?.site
      else { continue }
      let frames = world.definitions.frames(stack)
      guard frames.contains(where: \.startsProcesses) else { continue }
      if frames.contains(where: { $0.ownership == .user }), let site = namer.userSite(stack) {
        return "\(namer.quoted(party: thread.actor)) at \(Namer.place(site))"
      }
      if !thread.running.isEmpty { return mainPlace() }
    }
    return nil
  }

  /// Where a thread was found last, if it has not moved since.
  private func stand(of slot: ThreadSlot, _ thread: ThreadState) -> StackID? {
    guard let tid = world.definitions.threads[slot]?.tid, let stand = world.stands[UInt64(tid)],
      thread.lastEvent <= stand.time
    else { return nil }
    return stand.site
  }

  private func mainPlace() -> String? {
    for slot in world.threadSlots {
      guard let main = world.threads[slot]?.loops.first?.mainTask,
        let site = namer.userSite(world.parties[main].wait?.site)
      else { continue }
      return "\(namer.quoted(party: main)) at \(Namer.place(site))"
    }
    return nil
  }
}
