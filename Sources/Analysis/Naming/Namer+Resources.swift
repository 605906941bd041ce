import History
import OrderedCollections
import TraceFormat

/// What is waited for.
extension Namer {
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
    if isClosing(resource: index) { return "the end of a server's connections" }
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

  /// Whether it is done when the last connection of a server is closed.
  func isClosing(resource index: Int) -> Bool {
    world.resources[index].kind == .future
      && world.definitions.frames(world.resources[index].created?.site)
        .prefix { $0.ownership == .runtime }.contains { $0.role == .closing }
  }

  /// As a person says it: the format's word without hyphens.
  func word(_ kind: ResourceKind) -> String {
    kind == .process ? "child process" : String(kind.word.map { $0 == "-" ? " " : $0 })
  }

  func word(resource index: Int) -> String {
    let kind = world.resources[index].kind
    return (speaksSwift(resource: index) ? kind.terms.swiftWord : nil) ?? word(kind)
  }
}
