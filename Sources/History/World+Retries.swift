package import TraceFormat

extension World {
  /// This world, had a task stayed in a wait since then that it gives up again and again.
  package func staying(_ task: Int, in wait: Wait, since: TraceInstant) -> World {
    var world = self
    var targets: Set<Entity> = [.party(task)]
    if let future = parties[task].wait?.future { targets.insert(future) }
    world.timers = timers.filter { targets.isDisjoint(with: $0.value.targets) }
    var wait = wait
    // What it waited on was cancelled each time; what for has stayed the same.
    wait.future = nil
    wait.since = since
    world.parties[task].state = .waiting(wait)
    return world
  }
}
