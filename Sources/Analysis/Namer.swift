import Findings
import History
import OrderedCollections
import TraceFormat

/// Names parties and resources as their author would.
struct Namer {
  let world: World
  let source: (String) -> [String]?
  /// How many tasks share a function's name.
  private var shared: [String: Int] = [:]
  /// The place of a resource among those that the same line made, from 1; nothing if it is the only one.
  private var twins: [Int: Int] = [:]
  /// The names of what one line makes several of and assigns to several names.
  private var tupleNames: [Int: String] = [:]
  /// Whom one name stands for, with their number.
  var crowds = Crowds.none
  /// The place of a job, or of a task without a number of its own, among those of its function, and of a task
  /// among those with its name that have not ended, from 1; nothing if it is the only one.
  private var places: [Int: Int] = [:]
  /// Names read from the lines that take or wait for something.
  private var readings: [Int: Reading] = [:]
  /// What is waited for at streams that have no name.
  private var waitedFor: [Int: TraceFormat.Operation] = [:]
  /// Whether nothing but Swift was recorded.
  let isOnlySwift: Bool

  init(world: World, source: @escaping (String) -> [String]?) {
    self.world = world
    self.source = source
    let runtimes = world.definitions.facts.filter { $0.key == "runtime" }
    isOnlySwift = !runtimes.isEmpty && runtimes.allSatisfy { $0.value.hasPrefix("Swift") }
    shared = countNames()
    let unnumbered = world.parties.indices.filter { index in
      switch world.parties[index].kind {
      case .job: true
      case .task: world.parties[index].name == nil && world.parties[index].ordinal == 0
      case .thread: isOnlySwift && world.parties[index].name != nil
      }
    }
    let base = { (index: Int) in
      let party = world.parties[index]
      return party.kind == .thread ? "thread \(party.name ?? "")" : baseName(party)
    }
    for same in Dictionary(grouping: unnumbered, by: base).values
    where same.count > 1 {
      for (place, index) in same.enumerated() { places[index] = place + 1 }
    }
    let named = world.parties.indices.filter { index in
      let party = world.parties[index]
      return party.kind == .task && party.name?.isEmpty == false && !party.isEnded
    }
    for same in Dictionary(grouping: named, by: { world.parties[$0].name ?? "" }).values
    where same.count > 1 {
      for (place, index) in same.enumerated() { places[index] = place + 1 }
    }
    for index in world.parties.indices {
      guard let primitive = world.parties[index].wait?.primitive, let resource = primitive.resource,
        [.read, .drain].contains(primitive.operation), !world.resources[resource].isConnection,
        world.resources[resource].kind == .stream
      else { continue }
      waitedFor[resource] = primitive.operation
    }
    readings = receivers()
    for same in Dictionary(grouping: readings.keys, by: { readings[$0]!.name }).values
    where same.count > 1 {
      for (place, index) in same.sorted().enumerated() { twins[index] = place + 1 }
    }
    var made: [Site: [Int]] = [:]
    for (index, resource) in world.resources.enumerated() {
      switch resource.kind {
      case .lock, .semaphore, .condition, .event, .barrier, .queue, .threadLock:
        guard readings[index] == nil, var site = directSite(resource.created?.site, of: index)
        else { continue }
        (site.column, site.endColumn) = (nil, nil)
        made[site, default: []].append(index)
      case .future, .group, .stream, .executor, .concurrentFuture, .thread, .process, .actor:
        continue
      }
    }
    for (site, indices) in made {
      if indices.count > 1, let names = line(site).flatMap(AssignedNames.ofTuple) {
        let inner = Set(indices.compactMap { world.resources[$0].part })
        let own = indices.filter { !inner.contains($0) }
        for (place, index) in own.enumerated() {
          tupleNames[index] = names[place % names.count]
          if own.count > names.count { twins[index] = place / names.count + 1 }
        }
        continue
      }
      let kinds = Dictionary(grouping: indices) { world.resources[$0].kind }
      for same in kinds.values.flatMap(byName) where same.count > 1 {
        for (place, index) in same.enumerated() { twins[index] = place + 1 }
      }
    }
  }

  // MARK: Parties

  /// How many tasks have each name. Those of one function of the user's have the same, whatever they do: it is made once.
  private func countNames() -> [String: Int] {
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
        if let site = world.parties[index].function, !isMade(site), site.ownership != .runtime {
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

  /// Code that the compiler made.
  private func isMade(_ function: Site) -> Bool {
    function.isInNoFile || function.function.hasPrefix("implicit closure")
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
    guard let function = party.function else { return nil }
    let isMade = isMade(function)
    guard isMade || function.ownership == .runtime,
      let wait = party.wait ?? (isMade ? party.lastWait : nil)
    else { return nil }
    let own = world.definitions.frames(wait.site).filter { $0.ownership == .user }
    return own.last { !$0.isInNoFile && !$0.function.hasPrefix("implicit closure") } ?? own.last
  }

  /// "'worker'", "'worker' (9,999 tasks)".
  func quoted(party index: Int) -> String {
    guard let crowd = crowds.crowd(party: index) else { return "'\(name(party: index))'" }
    return "'\(crowd.name)' (\(members(crowd, ofKind: world.parties[index].kind)))"
  }

  // MARK: Resources

  func name(resource index: Int) -> String {
    let resource = world.resources[index]
    if let crowd = crowds.crowd(resource: index) { return name(crowd, of: resource) }
    if resource.isConnection {
      return "an answer\(resource.name.map { " from \($0)" } ?? "")"
    }
    if resource.kind == .process, resource.capacity > 0 {
      return "the child process \(resource.name.map { "\($0) " } ?? "")(pid \(resource.capacity))"
    }
    if resource.kind == .actor { return name(ofActor: resource) }
    if let name = resource.name {
      return resource.kind == .concurrentFuture ? "the result of \(name)" : name
    }
    if resource.kind == .future, let job = world.jobs[resource.number] {
      return "the end of \(quoted(party: job))"
    }
    if let name = readName(resource: index) {
      // One line may make several: a list of locks, or the lock of each account.
      return twins[index].map { "\(name) #\($0)" } ?? name
    }
    if resource.kind == .lock || resource.kind == .threadLock, let condition = resource.owner,
      world.resources[condition].kind == .condition
    {
      return "the lock of \(name(resource: condition))"
    }
    let kind = libraryWord(resource: index) ?? word(resource: index)
    if let operation = waitedFor[index] { return operation == .drain ? "room to send" : "data" }
    guard let site = userSite(resource.created?.site),
      resource.kind != .stream || site.ownership != .runtime
    else { return "\("aeiou".contains(kind.first ?? " ") ? "an" : "a") \(kind)" }
    return "the \(kind) made at \(Self.place(site))"
  }

  /// A resource by its name; what stands for the end of others by those that have not ended.
  func awaited(resource index: Int) -> String {
    let tasks = endings(index)
    guard !tasks.isEmpty else { return name(resource: index) }
    let shown = OrderedSet(tasks.lazy.map { crowds.shown(party: $0) }).prefix(3)
    let rest = tasks.count { !shown.contains(crowds.shown(party: $0)) }
    return "the end of " + shown.map(quoted(party:)).joined(separator: ", ")
      + (rest > 0 ? " and \(Self.grouped(rest)) more" : "")
  }

  /// The tasks, jobs and threads whose end a group, a job's future or a join stands for.
  func endings(_ index: Int, depth: Int = 4) -> [Int] {
    let resource = world.resources[index]
    if resource.kind == .thread, let slot = resource.thread, let thread = world.threads[slot] {
      return thread.hasEnded ? [] : [thread.party]
    }
    if resource.kind == .concurrentFuture, let job = world.jobs[resource.number] { return [job] }
    return resource.members.flatMap { member -> [Int] in
      switch member {
      case .party(let party): world.parties[party].isEnded ? [] : [party]
      case .resource(let inner):
        depth == 0 || world.isDone(member) ? [] : endings(inner, depth: depth - 1)
      }
    }
  }

  /// Whether the name is read from the line that made the resource.
  func isNameRead(resource index: Int) -> Bool {
    world.resources[index].name == nil
      && readName(resource: index) != nil
  }

  /// What the line that made it assigns it to.
  func readName(resource index: Int) -> String? {
    if let name = tupleNames[index] { return name }
    if let reading = readings[index] { return reading.name }
    let stack = world.resources[index].created?.site
    guard let site = directSite(stack, of: index), var line = line(site) else { return nil }
    if Self.isSwift(site) { return Self.madeName(line) }
    if let column = site.column { line = AssignedNames.statement(at: column, of: line) }
    return Self.assignedName(line) ?? Self.takenName(line)
  }

  /// Resources that one line made, those of each name together: statements may share a line.
  private func byName(_ indices: [Int]) -> [[Int]] {
    var names: [Int?: String?] = [:]
    let columns = indices.map { directSite(world.resources[$0].created?.site, of: $0)?.column }
    for (place, column) in columns.enumerated() where names[column] == nil {
      names[column] = .some(readName(resource: indices[place]))
    }
    if names.count < 2 { return [indices] }
    let places = Dictionary(grouping: indices.indices) { names[columns[$0]] ?? nil }
    return places.values.map { $0.map { indices[$0] } }
  }

  /// The line that the name was read from.
  func readingSite(resource index: Int) -> Site? {
    readings[index]?.site ?? userSite(world.resources[index].created?.site)
  }

  func line(_ site: Site) -> String? {
    guard let lines = source(site.file), lines.indices.contains(site.line - 1) else { return nil }
    return lines[site.line - 1]
  }

  /// Whether the line of a site is a `with` statement; no, if the source is not there.
  func isWith(_ site: Site) -> Bool {
    guard let lines = source(site.file), lines.indices.contains(site.line - 1) else { return false }
    let words = lines[site.line - 1].split(separator: " ").prefix(2)
    return words.first == "with" || words.elementsEqual(["async", "with"])
  }

  /// What a `with` takes: `lock` of `with self.lock:`. A thread lock is first seen where it is taken.
  static func takenName(_ line: String) -> String? {
    let words = line.split(separator: " ")
    guard let with = words.firstIndex(of: "with"), words.indices.contains(with + 1) else {
      return nil
    }
    let taken = words[with + 1].prefix { $0 != ":" && $0 != "," }
    let isPlain = taken.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
    return isPlain ? taken.split(separator: ".").last.map(String.init) : nil
  }

  /// The last name of the target of a plain assignment; nothing for any other statement.
  static func assignedName(_ line: String) -> String? {
    guard let equals = line.firstIndex(of: "="), line.index(after: equals) < line.endIndex,
      line[line.index(after: equals)] != "="
    else { return nil }
    var target = line[..<equals]
    if let colon = target.firstIndex(of: ":") {
      // An annotation, or a statement that begins with a condition.
      let isName = !target[..<colon].drop { $0 == " " || $0 == "\t" }.contains(" ")
      let last = target.lastIndex(of: ":") ?? colon
      let before = target[..<last]
      if !isName, before.count(where: { $0 == "(" }) != before.count(where: { $0 == ")" }) {
        return nil
      }
      target = isName ? target[..<colon] : target[last...].dropFirst()
    }
    let words = target.split(separator: ".").map { $0.filter { !$0.isWhitespace } }
    guard let last = words.last, let first = last.first, first.isLetter || first == "_",
      words.allSatisfy({ $0.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } })
    else { return nil }
    return last
  }

  /// As a person says it: the format's word without hyphens.
  func word(_ kind: ResourceKind) -> String {
    kind == .process ? "child process" : String(kind.word.map { $0 == "-" ? " " : $0 })
  }

  func word(resource index: Int) -> String {
    let kind = world.resources[index].kind
    return (speaksSwift(resource: index) ? swiftWord(kind) : nil) ?? word(kind)
  }

  func findingResource(_ index: Int) -> Resource {
    let record = world.resources[index]
    var resource = Resource(
      key: ResourceKey(index), name: name(resource: index), kind: word(resource: index),
      createdAt: world.definitions.frames(record.created?.site))
    resource.count = crowds.crowd(resource: index)?.count ?? 1
    return resource
  }

  func findingParty(_ index: Int) -> Party {
    let record = world.parties[index]
    let kind: Party.Kind =
      switch record.kind {
      case .task: .task
      case .thread: .thread
      case .job: .job
      }
    var state = "runs"
    var since = record.lastRun
    var stack = StackID(0)
    switch record.state {
    case .ready: state = "ready"
    case .running: stack = world.threads[record.thread]?.sample?.site
    case .waiting(let wait): (state, since, stack) = ("waits", wait.since, wait.site)
    case .ended(_, let at): (state, since) = ("ended", at)
    }
    if let block = world.threads[record.thread]?.block,
      world.threads[record.thread]?.actor == index
    {
      (state, since, stack) = ("waits", block.since, block.site)
    }
    var party = Party(
      id: PartyKey(Int(clamping: record.serial)), name: name(party: index), kind: kind,
      state: state, since: since,
      stack: world.definitions.frames(stack),
      createdAt: world.definitions.frames(record.created.site))
    party.count = crowds.crowd(party: index)?.count ?? 1
    return party
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
