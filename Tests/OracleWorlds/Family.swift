/// Worlds that are alike: all there are of a size, or as many as one wants at random.
package enum Family {
  /// Two locks: every program of up to so many steps that gives back only what it has, once for each choice of
  /// three parties.
  package static func locks(upTo length: Int, parties: Int = 3) -> [Blueprint] {
    choices(of: parties, from: lockPrograms(upTo: length)).map { programs in
      var blueprint = Blueprint(programs)
      blueprint.permits = []
      blueprint.eventCount = 0
      blueprint.rooms = []
      blueprint.futureCount = 0
      return blueprint
    }
  }

  /// One thing of each kind: every choice of programs of up to so many steps.
  package static func mixed(upTo length: Int, parties: Int) -> [Blueprint] {
    let alphabet: [Step] = [
      .acquire(0), .release(0), .take(0), .give(0), .awaitEvent(0), .set(0), .put(0), .get(0),
      .taskDone(0), .join(0), .awaitFuture(0), .resolve(0), .awaitCondition(0), .notify(0), .sleep,
    ]
    return choices(of: parties, from: words(over: alphabet, upTo: length)).flatMap {
      let world = one($0)
      var signals = world
      signals.signals = [0]
      return [world, signals]
    }
  }

  /// Parties that wait for each other's end, with a lock among them: every program of up to so many steps.
  package static func awaits(upTo length: Int) -> [Blueprint] {
    let programs = (0..<3).map { party in
      words(
        over: [
          .acquire(0), .release(0), .awaitTask((party + 1) % 3), .awaitTask((party + 2) % 3),
        ], upTo: length)
    }
    var result: [Blueprint] = []
    for first in programs[0] {
      for second in programs[1] {
        for third in programs[2] { result.append(one([first, second, third])) }
      }
    }
    return result
  }

  /// Three parties that may ask each other to end, with one thing of each kind.
  package static func cancels(upTo length: Int) -> [Blueprint] {
    let steps: [Step] = [
      .acquire(0), .release(0), .take(0), .give(0), .awaitEvent(0), .put(0), .get(0), .sleep,
    ]
    let programs = choices(of: 2, from: words(over: steps, upTo: length))
    return programs.flatMap { pair in
      [[Step.cancel(0)], [.awaitTask(1), .cancel(0)], [.sleep, .cancel(0), .cancel(1)]]
        .map { one(pair + [$0]) }
    }
  }

  static func one(_ programs: [[Step]]) -> Blueprint {
    var blueprint = Blueprint(programs)
    blueprint.lockCount = 1
    return blueprint
  }

  static func words(over alphabet: [Step], upTo length: Int) -> [[Step]] {
    var all: [[Step]] = [[]]
    var last: [[Step]] = [[]]
    for _ in 0..<length {
      last = last.flatMap { word in alphabet.map { word + [$0] } }
      all += last
    }
    return all
  }

  static func lockPrograms(upTo length: Int) -> [[Step]] {
    words(over: [.acquire(0), .acquire(1), .release(0), .release(1)], upTo: length).filter {
      steps in
      var held: Set<Int> = []
      for step in steps {
        switch step {
        case .acquire(let lock): held.insert(lock)
        case .release(let lock): if held.remove(lock) == nil { return false }
        default: break
        }
      }
      return true
    }
  }

  /// Each choice of programs once, whoever runs which.
  static func choices<Choice>(of count: Int, from programs: [Choice]) -> [[Choice]] {
    var result: [[Choice]] = []
    func choose(_ chosen: [Choice], from first: Int) {
      guard chosen.count < count else { return result.append(chosen) }
      for index in first..<programs.count { choose(chosen + [programs[index]], from: index) }
    }
    choose([], from: 0)
    return result
  }

  /// A world at random: two to four parties, up to seven steps each, mostly well behaved.
  package static func random(_ numbers: inout SplitMix) -> Blueprint {
    var blueprint = Blueprint([])
    let count = 2 + numbers.below(3)
    blueprint.lockCount = 1 + numbers.below(3)
    blueprint.permits = (0..<(1 + numbers.below(2))).map { _ in numbers.below(4) }
    blueprint.signals = Set(blueprint.permits.indices.filter { _ in numbers.below(3) == 0 })
    blueprint.rooms = (0..<(1 + numbers.below(2))).map { _ in numbers.below(3) }
    blueprint.eventCount = 1 + numbers.below(2)
    blueprint.futureCount = 1 + numbers.below(2)
    let longest = count == 4 ? 4 : 6
    for party in 0..<count {
      var program: [Step] = []
      var open: [Step] = []
      for _ in 0..<(1 + numbers.below(longest)) {
        program.append(step(blueprint, of: party, among: count, &open, &numbers))
      }
      // Most give back what they have taken.
      if numbers.below(5) > 0 { program += open.reversed() }
      blueprint.programs.append(program)
    }
    return blueprint
  }

  private static func step(
    _ world: Blueprint, of party: Int, among count: Int, _ open: inout [Step],
    _ numbers: inout SplitMix
  ) -> Step {
    let lock = numbers.below(world.lockCount)
    let semaphore = numbers.below(world.permits.count)
    let event = numbers.below(world.eventCount)
    let queue = numbers.below(world.rooms.count)
    let future = numbers.below(world.futureCount)
    switch numbers.below(20) {
    case 0...3:
      open.append(.release(lock))
      return .acquire(lock)
    case 4...5: return open.popLast() ?? .sleep
    case 6...7:
      open.append(.give(semaphore))
      return .take(semaphore)
    case 8: return .give(semaphore)
    case 9: return .awaitEvent(event)
    case 10: return .set(event)
    case 11: return numbers.below(3) == 0 ? .clear(event) : .sleep
    case 12: return .put(queue)
    case 13: return .get(queue)
    case 14: return numbers.below(2) == 0 ? .taskDone(queue) : .join(queue)
    case 15: return .awaitFuture(future)
    case 16: return .resolve(future)
    case 17: return numbers.below(2) == 0 ? .awaitCondition(lock) : .notify(lock)
    case 18: return .awaitTask((party + 1 + numbers.below(count - 1)) % count)
    default:
      return numbers.below(2) == 0
        ? .sleep : .cancel((party + 1 + numbers.below(count - 1)) % count)
    }
  }
}

/// Numbers that are the same for the same seed.
package struct SplitMix: Sendable {
  private var state: UInt64
  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
