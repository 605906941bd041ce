/// Worlds in which threads, and jobs of a pool, run beside the tasks of a loop.
extension Family {
  /// One thing of each kind: every choice of who runs the parties, and of programs of up to so many steps.
  package static func threads(upTo length: Int, parties: Int) -> [Blueprint] {
    hosts(of: parties).flatMap { hosts in
      product(of: hosts.indices.map { words(over: alphabet(of: $0, hosts), upTo: length) })
        .map { world($0, hosts) }
    }
  }

  /// Two locks of threads: every program of up to so many steps that gives back only what it has.
  package static func mutexes(upTo length: Int, parties: Int) -> [Blueprint] {
    let programs = lockPrograms(upTo: length).map { program -> [Step] in
      program.map { step -> Step in
        switch step {
        case .acquire(let lock): return .lock(lock)
        case .release(let lock): return .unlock(lock)
        default: return step
        }
      }
    }
    return hosts(of: parties).flatMap { hosts in
      product(of: hosts.map { _ in programs }).map { world($0, hosts) }
    }
  }

  /// A lock of threads with signals under it, and permits: every program of up to so many steps that signals, and
  /// waits for a signal, only with the lock. Tasks may ask each other to end.
  package static func signals(upTo length: Int, parties: Int) -> [Blueprint] {
    hosts(of: parties).flatMap { hosts in
      product(
        of: hosts.indices.map { party in
          words(over: signalSteps(of: party, hosts), upTo: length).filter(isUnderLock)
        }
      ).flatMap { programs -> [Blueprint] in
        let one = world(programs, hosts)
        var counting = one
        counting.tokens = [0]
        counting.tokenSignals = [0]
        return programs.contains { $0.contains(.up(0)) || $0.contains(.down(0)) }
          ? [one, counting] : [one]
      }
    }
  }

  private static func signalSteps(of party: Int, _ hosts: [Host]) -> [Step] {
    let steps: [Step] = [.lock(0), .unlock(0), .awaitSignal(0), .signal(0), .down(0), .up(0)]
    guard hosts[party] == .task else { return steps }
    return steps + [.acquire(0), .sleep]
      + hosts.indices.filter { $0 != party && hosts[$0] == .task }.map(Step.cancel)
  }

  private static func isUnderLock(_ program: [Step]) -> Bool {
    var isHeld = false
    for step in program {
      switch step {
      case .lock: isHeld = true
      case .unlock where !isHeld: return false
      case .unlock: isHeld = false
      case .awaitSignal where !isHeld, .signal where !isHeld: return false
      default: break
      }
    }
    return true
  }

  private static func world(_ programs: [[Step]], _ hosts: [Host]) -> Blueprint {
    var blueprint = one(programs)
    blueprint.hosts = hosts
    blueprint.mutexCount = 2
    blueprint.flagCount = 1
    blueprint.stocks = [1]
    blueprint.tokens = [1]
    return blueprint
  }

  /// Each choice of what runs so many parties once, but for tasks alone where nothing blocks.
  private static func hosts(of count: Int) -> [[Host]] {
    choices(of: count, from: [Host.task, .thread, .job])
  }

  private static func product(of lists: [[[Step]]]) -> [[[Step]]] {
    lists.reduce([[]]) { chosen, list in chosen.flatMap { start in list.map { start + [$0] } } }
  }

  private static func alphabet(of party: Int, _ hosts: [Host]) -> [Step] {
    let others = hosts.indices.filter { $0 != party }
    var steps: [Step] = [
      .lock(0), .unlock(0), .awaitFlag(0), .raise(0), .store(0), .fetch(0), .resolve(0), .sleep,
    ]
    steps += others.map(Step.result)
    guard hosts[party] == .task else { return steps }
    steps += others.filter { hosts[$0] != .thread }.map(Step.awaitTask)
    return steps + [.awaitFuture(0), .acquire(0), .release(0)]
  }

  /// A world at random: two to four parties, at least one of them no task.
  package static func randomThreads(_ numbers: inout SplitMix) -> Blueprint {
    var blueprint = Blueprint([])
    let count = 2 + numbers.below(3)
    let kinds: [Host] = [.task, .thread, .job]
    blueprint.hosts = (0..<count).map { _ in kinds[numbers.below(3)] }
    if !blueprint.hosts.contains(where: { $0 != .task }) { blueprint.hosts[0] = .thread }
    blueprint.workers = 1 + numbers.below(2)
    blueprint.lockCount = 1
    blueprint.mutexCount = 1 + numbers.below(3)
    blueprint.flagCount = 1 + numbers.below(2)
    blueprint.stocks = (0..<(1 + numbers.below(2))).map { _ in numbers.below(3) }
    blueprint.tokens = (0..<(1 + numbers.below(2))).map { _ in numbers.below(3) }
    blueprint.tokenSignals = Set(blueprint.tokens.indices.filter { _ in numbers.below(3) == 0 })
    let longest = count == 4 ? 4 : 6
    for party in 0..<count {
      var program: [Step] = []
      var open: [Step] = []
      for _ in 0..<(1 + numbers.below(longest)) {
        program.append(threadStep(blueprint, of: party, among: count, &open, &numbers))
      }
      if numbers.below(5) > 0 { program += open.reversed() }
      blueprint.programs.append(program)
    }
    return blueprint
  }

  private static func threadStep(
    _ world: Blueprint, of party: Int, among count: Int, _ open: inout [Step],
    _ numbers: inout SplitMix
  ) -> Step {
    let isTask = world.host(of: party) == .task
    let mutex = numbers.below(world.mutexCount)
    let other = (party + 1 + numbers.below(count - 1)) % count
    let token = numbers.below(world.tokens.count)
    switch numbers.below(21) {
    case 0...3:
      open.append(.unlock(mutex))
      return .lock(mutex)
    case 4...5: return open.popLast() ?? .sleep
    case 6: return .awaitFlag(numbers.below(world.flagCount))
    case 7: return .raise(numbers.below(world.flagCount))
    case 8: return .store(numbers.below(world.stocks.count))
    case 9: return .fetch(numbers.below(world.stocks.count))
    case 10: return .result(other)
    case 11: return .resolve(0)
    case 12 where isTask: return .awaitFuture(0)
    case 13 where isTask && world.host(of: other) != .thread: return .awaitTask(other)
    case 14 where isTask:
      open.append(.release(0))
      return .acquire(0)
    case 15:
      open.append(.up(token))
      return .down(token)
    case 16: return .up(token)
    case 17: return open.contains(.unlock(mutex)) ? .awaitSignal(mutex) : .sleep
    case 18: return open.contains(.unlock(mutex)) ? .signal(mutex) : .sleep
    case 19 where isTask && world.host(of: other) == .task: return .cancel(other)
    default: return .sleep
    }
  }
}
