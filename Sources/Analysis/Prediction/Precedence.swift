import History
import TraceFormat

/// Which of a few takes came before others in every run, since something leads from the one to the other: a start, an
/// end that was awaited, an item, a result, a signal.
///
/// A vector clock reduced to what is asked: a party knows of a take, by a bit, once whoever did it could have told. What
/// one gives back and the other takes, a lock, orders nothing: it could have been the other way round. Where a
/// trace does not show whether somebody looked, such as at an event that was set already, it counts as seen; so takes may
/// be thought of as ordered that are not, but not the other way round.
struct Precedence {
  typealias Known = SIMD4<UInt64>
  static let limit = 256

  /// What was known at each take, and who took which lock, in the order of the takes asked for.
  private(set) var known: [Known]
  private(set) var parties: [PartyRecord?]
  /// Whether a limit would have ended the wait for the inner lock.
  private(set) var isLimited: [Bool]

  private var world: World
  private var ofParties: [UInt64: Known] = [:]
  private var ofResources: [UInt64: Known] = [:]
  private var ofFamilies: [UInt64: Known] = [:]
  private var families: [UInt64: UInt64] = [:]
  private var familyLimit = 1 << 16
  /// What those knew that have finished items of a queue.
  private var ofFinished: [UInt64: Known] = [:]
  /// What anybody may know.
  private var common = Known()
  private var past = Known()
  private var tableLimit = 1 << 16

  init(
    of takes: [NestedTake], in end: World, _ trace: any EventSource, until: TraceInstant?
  ) throws {
    known = Array(repeating: Known(), count: takes.count)
    parties = Array(repeating: nil, count: takes.count)
    isLimited = Array(repeating: false, count: takes.count)
    world = World(definitions: trace.definitions)
    world.process = end.process
    var places: [UInt64: [Int]] = [:]
    for (place, take) in takes.prefix(Self.limit).enumerated() {
      places[take.ordinal, default: []].append(place)
    }
    var ordinal: UInt64 = 0
    _ = try trace.forEachEvent { event in
      if let until, event.time > until { return }
      follow(event)
      if let here = places[ordinal] { note(here, event) }
      ordinal += 1
    }
  }

  /// Whether one of two takes came before the other in every run.
  func isOrdered(_ a: Int, _ b: Int) -> Bool { Self.has(known[a], b) || Self.has(known[b], a) }

  private static func bit(_ place: Int) -> Known {
    var result = Known()
    result[place / 64] = 1 << UInt64(place % 64)
    return result
  }

  private static func has(_ known: Known, _ place: Int) -> Bool {
    known[place / 64] >> UInt64(place % 64) & 1 == 1
  }

  private mutating func note(_ places: [Int], _ event: Event) {
    guard let party = world.threads[event.thread]?.actor else { return }
    let record = world.parties[party]
    let isLimited = world.timers.values.contains { timer in
      timer.deadline > event.time && timer.targets.contains(.party(party))
    }
    for place in places {
      known[place] = known(party)
      parties[place] = record
      self.isLimited[place] = isLimited
    }
    for place in places {
      ofParties[record.serial, default: Known()] |= Self.bit(place)
      past |= Self.bit(place)
    }
  }

  // MARK: Who knows what

  private func known(_ party: Int) -> Known {
    let own = ofParties[world.parties[party].serial] ?? Known()
    return own | (ofFamilies[family(of: party)] ?? Known()) | common
  }

  private mutating func tell(party: Int, _ news: Known) {
    guard news != Known() else { return }
    ofParties[world.parties[party].serial, default: Known()] |= news
    if ofParties.count > tableLimit { prune() }
  }

  private mutating func tell(resource: Int, _ news: Known) {
    guard news != Known() else { return }
    ofResources[world.resources[resource].serial, default: Known()] |= news
    if ofResources.count > tableLimit { prune() }
  }

  private func known(resource: Int) -> Known {
    ofResources[world.resources[resource].serial] ?? Known()
  }

  private mutating func prune() {
    ofParties = ofParties.filter { world.party(serial: $0.key) != nil }
    ofResources = ofResources.filter { world.resource(serial: $0.key) != nil }
    tableLimit = max(1 << 16, 2 * (ofParties.count + ofResources.count))
  }

  // MARK: Following the trace

  private mutating func follow(_ event: Event) {
    let isNewThread = world.threads[event.thread] == nil
    let actor = world.threads[event.thread]?.actor
    let news = actor.map { known($0) } ?? Known()
    switch event.kind {
    case .taskResume:
      if let task = world.livingParty(event.subject),
        let wait = world.parties[task].wait
          ?? (world.parties[task].isScheduled ? world.parties[task].lastWait : nil)
      {
        tell(party: task, told(by: wait))
      }
    case .blockEnd:
      if let actor, let wait = world.threads[event.thread]?.block {
        tell(party: actor, told(by: wait))
      }
    case .jobEnd:
      if let job = world.jobs[event.subject] { end(job) }
    case .threadEnd: common |= news
    default: break
    }
    world.apply(event)
    if isNewThread, let party = world.threads[event.thread]?.party {
      // Who started it, and what else was over by then, is not told.
      tell(party: party, past)
    }
    guard let actor = world.threads[event.thread]?.actor else { return }
    pass(news, of: actor, event)
  }

  /// Hands on what the actor knew before the event.
  private mutating func pass(_ news: Known, of actor: Int, _ event: Event) {
    switch event.kind {
    case .taskCreate, .taskSpawn:
      if let task = world.livingParty(event.subject) {
        join(task, madeBy: actor, on: event.thread)
        tell(party: task, news)
      }
    case .taskReady, .taskCancel:
      if let task = world.livingParty(event.subject) { tell(party: task, news) }
    case .taskEnd, .taskDestroyed:
      if let task = world.livingParty(event.subject) { end(task) }
    case .jobQueue:
      if let job = world.jobs[event.subject] {
        join(job, madeBy: actor, on: event.thread)
        tell(party: job, news)
      }
    case .loopWakeup:
      if let slot = world.thread(ofLoop: event.subject), let thread = world.threads[slot] {
        tell(party: thread.party, news)
      }
    case .futureDone:
      guard let future = world.livingResource(event.subject) else { return }
      tell(resource: future, news)
      // Whoever asks for it later does not pause.
      if !world.resources[future].isAwaited { common |= news }
    case .eventSet:
      if let set = world.livingResource(event.subject) { tell(resource: set, news) }
      common |= news
    case .notified, .queuePut:
      if let resource = world.livingResource(event.subject), !world.resources[resource].isPool {
        tell(resource: resource, news)
      }
    case .queueGot:
      // What a pool lends is any of its items, whoever had it before.
      if let queue = world.livingResource(event.subject), !world.resources[queue].isPool {
        tell(party: actor, known(resource: queue))
      }
    case .queueTaskDone:
      guard let queue = world.livingResource(event.subject), news != Known() else { return }
      let serial = world.resources[queue].serial
      ofFinished[serial, default: Known()] |= news
      if event.value == 0 { common |= ofFinished[serial] ?? Known() }
    case .barrierPassed:
      if let barrier = world.livingResource(event.subject) {
        tell(resource: barrier, news)
        tell(party: actor, known(resource: barrier))
      }
    case .taskWait, .taskWaitOwn:
      if event.value == Operation.barrierWait.rawValue,
        let barrier = world.livingResource(event.subject)
      {
        tell(resource: barrier, news)
      }
    case .acquired:
      if let lock = world.livingResource(event.subject), isTelling(lock) {
        tell(party: actor, known(resource: lock))
      }
    case .released:
      if let lock = world.livingResource(event.subject), isTelling(lock) {
        tell(resource: lock, news)
      }
    default: break
    }
  }

  /// Whether a lock or permit tells its next holder something: what is counted by a semaphore, and what a condition
  /// guards, is why that goes on.
  private func isTelling(_ index: Int) -> Bool {
    let record = world.resources[index]
    if record.kind == .semaphore { return record.hasForeignRelease }
    return record.owner.map { world.resources[$0].kind == .condition } ?? false
  }

  /// A party ended: whoever of its family looks at its result later does so without a pause.
  private mutating func end(_ party: Int) {
    let news = known(party)
    guard news != Known() else { return }
    ofFamilies[family(of: party), default: Known()] |= news
    if world.parties[party].kind == .job,
      let result = world.livingResource(world.parties[party].number)
    {
      tell(resource: result, news)
    }
  }

  /// All that came from one task of a loop's callback, such as the handler of a connection; or from the main task.
  private func family(of party: Int) -> UInt64 {
    let serial = world.parties[party].serial
    return families[serial] ?? serial
  }

  /// A party was made.
  private mutating func join(_ party: Int, madeBy maker: Int, on slot: ThreadSlot) {
    let isHandler =
      world.parties[maker].kind == .thread && !(world.threads[slot]?.loops.isEmpty ?? true)
    guard !isHandler else { return }
    families[world.parties[party].serial] = family(of: maker)
    if families.count > familyLimit {
      families = families.filter { world.party(serial: $0.key) != nil }
      familyLimit = max(1 << 16, 2 * families.count)
    }
  }

  /// What the end of a wait tells.
  private func told(by wait: Wait) -> Known {
    var news = Known()
    if let (resource, operation) = wait.primitive {
      if operation == .acquire, let resource, !isTelling(resource), world.isLock(resource) {
        return news
      }
      if let resource { news |= told(resource, depth: 4) }
      if operation == .queueJoin, let resource {
        news |= ofFinished[world.resources[resource].serial] ?? Known()
      }
    }
    switch wait.future {
    case .party(let party): news |= known(party)
    case .resource(let future): news |= told(future, depth: 4)
    case nil: break
    }
    return news
  }

  private func told(_ resource: Int, depth: Int) -> Known {
    let record = world.resources[resource]
    var news = known(resource: resource)
    if let slot = record.thread, let thread = world.threads[slot] { news |= known(thread.party) }
    guard depth > 0 else { return news }
    for member in record.members {
      switch member {
      case .party(let party): if world.parties[party].isEnded { news |= known(party) }
      case .resource(let inner): news |= told(inner, depth: depth - 1)
      }
    }
    return news
  }
}
