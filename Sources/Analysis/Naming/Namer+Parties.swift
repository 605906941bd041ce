import History
import TraceFormat

/// Tasks, jobs and threads.
extension Namer {
  /// How many tasks have each name. Those of one function of the user's have the same, whatever they do: it is made once.
  func countNames() -> [String: Int] {
    var counts: [Int: (example: Int, count: Int)] = [:]
    var result: [String: Int] = [:]
    for index in world.parties.indices {
      guard case .task = world.parties[index].kind, world.parties[index].name == nil else {
        continue
      }
      if let function = world.parties[index].functionNumber {
        if counts[function] != nil {
          counts[function]!.count += 1
          continue
        }
        if let site = world.parties[index].function, !site.isMadeByCompiler,
          site.ownership != .runtime
        {
          counts[function] = (index, 1)
          continue
        }
      }
      result[baseName(world.parties[index]), default: 0] += 1
    }
    for (example, count) in counts.values {
      result[baseName(world.parties[example]), default: 0] += count
    }
    return result
  }

  func name(party index: Int) -> String {
    let party = world.parties[index]
    if let crowd = crowds.crowd(party: index) { return name(crowd, ofKind: party.kind) }
    if let name = party.name, !name.isEmpty {
      return places[index].map { "\(name) #\($0)" } ?? name
    }
    if index == world.mainTask { return "main" }
    let base = baseName(party)
    switch party.kind {
    case .thread: return "thread \(party.number)"
    case .job: return places[index].map { "\(base) #\($0)" } ?? base
    case .task:
      if let place = places[index] { return "\(base) #\(place)" }
      guard shared[base, default: 0] > 1, party.ordinal > 0 else { return base }
      return "\(base) #\(party.ordinal)"
    }
  }

  func baseName(_ party: PartyRecord) -> String {
    guard let function = (userFunction(party) ?? party.function)?.function else {
      switch party.kind {
      case .task: return party.ordinal > 0 ? "Task-\(party.ordinal)" : "task"
      case .job: return "job"
      case .thread: return "thread"
      }
    }
    // "main.<locals>.worker" is known to its author as "worker", "Store.put" as "Store.put", and
    // "Store.put(_:)" too.
    let name = function.components(separatedByText: "<locals>.").last ?? function
    return name.hasSuffix(")") ? String(name[..<(name.lastIndex(of: "(") ?? name.endIndex)]) : name
  }

  /// A task of the language's own library that runs the user's code, as a test runner's does, or of code
  /// that the compiler made, is known by the first function of the user's that it is in.
  private func userFunction(_ party: PartyRecord) -> Site? {
    guard let function = party.function else {
      // What closes a generator is no function of its own.
      let own = world.definitions.frames(party.wait?.site).filter { $0.ownership == .user }
      return party.kind == .task ? own.last : nil
    }
    let isMade = function.isMadeByCompiler
    guard party.kind == .task, isMade || function.ownership == .runtime,
      let wait = party.wait ?? (isMade ? party.lastWait : nil)
    else { return nil }
    let own = world.definitions.frames(wait.site).filter { $0.ownership == .user }
    return own.last { !$0.isMadeByCompiler } ?? own.last
  }

  /// "'worker'", "'worker' (9,999 tasks)".
  func quoted(party index: Int) -> String {
    guard let crowd = crowds.crowd(party: index) else { return "'\(name(party: index))'" }
    return "'\(crowd.name)' (\(members(crowd, ofKind: world.parties[index].kind)))"
  }
}

extension String {
  /// Splits at a text, without Foundation.
  func components(separatedByText separator: String) -> [String] {
    var result: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      result.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return result + [String(rest)]
  }
}
