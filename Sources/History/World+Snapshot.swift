package import TraceFormat

extension World {
  /// What the watchdog found, as of the beginning of its snapshot.
  mutating func applySnapshot(_ event: Event) {
    switch event.kind {
    case .snapshotBegin:
      taking = Snapshot(
        number: event.subject, time: event.time,
        reason: SnapshotReason(rawValue: event.value) ?? .stall)
    case .snapshotEnd:
      if event.value == 0, let taking { snapshot = taking }
      taking = nil
    case .threadWait:
      let resource = awaited(event.object)
      stands[event.subject] = (event.time, event.site)
      taking?.threads[event.subject] = Snapshot.ThreadStand(
        site: event.site, resource: resource,
        operation: Operation(rawValue: event.value))
    case .taskStack:
      guard let task = party(event.subject), case .waiting(var wait) = parties[task].state else {
        return
      }
      if event.value == 1 { taking?.unhandled.insert(task) }
      guard event.site != nil else { return }
      wait.site = event.site
      parties[task].state = .waiting(wait)
    case .referrer:
      guard let kind = Referrer(rawValue: event.value) else { return }
      taking?.pending[event.subject, default: []].append((kind, event.object))
    case .referrers:
      let found = taking?.pending.removeValue(forKey: event.subject) ?? []
      // Fewer than were recorded: some were lost, and nothing is proved.
      guard UInt64(found.count) == event.object else { return }
      let reached = found.map { referrer($0.0, $0.1) }
      // Who armed it is not in the trace.
      if !isOfLeftPast(event),
        found.contains(where: { $0.0 == .timer && timers[$0.1] == nil })
      {
        taking?.hasUnseenTimer = true
      }
      taking?.referrers[event.subject] = reached
    case .processWait:
      guard let link = ProcessLink(rawValue: event.value) else { return }
      _ = resource(ofProcess: event.subject)
      taking?.children.append(
        Snapshot.ChildWait(process: event.subject, descriptor: event.object, link: link))
    default: taking?.peers[event.subject] = event.object
    }
  }

  /// What a thread waits for: a party or resource, or a child process.
  private mutating func awaited(_ number: UInt64) -> Entity? {
    if number >> 63 == 1 { return .resource(resource(ofDescriptor: number)) }
    return World.process(named: number).map { .resource(resource(ofProcess: $0)) } ?? living[number]
  }

  /// What stands for the connection that a descriptor is one end of.
  mutating func resource(ofDescriptor number: UInt64) -> Int {
    if let index = connections[number] { return index }
    let new = append(
      ResourceRecord(
        kind: .stream, number: number, capacity: number & ~(1 << 63), created: nil))
    connections[number] = new
    return new
  }

  /// The child process that a number names where others are addresses.
  static func process(named number: UInt64) -> UInt64? {
    number >> 62 == 1 ? number & ~(1 << 62) : nil
  }

  /// What stands for a child process; a new one if its start was not seen.
  mutating func resource(ofProcess number: UInt64) -> Int {
    if let index = processes[number] { return index }
    let new = append(
      ResourceRecord(kind: .process, number: number | 1 << 62, capacity: number, created: nil))
    processes[number] = new
    return new
  }

  private func referrer(_ kind: Referrer, _ object: UInt64) -> Snapshot.Reach {
    switch kind {
    case .task: party(object).map(Snapshot.Reach.party) ?? .root(nil)
    case .thread:
      definitions.threads.first { $0.value.tid == object }.map { .thread($0.key) } ?? .root(nil)
    case .descriptor: .descriptor(object)
    case .timer: .timer(object)
    case .root: .root(UInt32(exactly: object).flatMap(definitions.string))
    }
  }
}

/// What the watchdog found when it looked at a process of which nothing had moved for a while.
package struct Snapshot: Sendable {
  package enum Reach: Sendable {
    case party(Int)
    case thread(ThreadSlot)
    case descriptor(UInt64)
    case timer(UInt64)
    /// Anything that runs; the way to it.
    case root(String?)
  }

  package struct ThreadStand: Sendable {
    package var site: StackID?
    package var resource: Entity?
    package var operation: Operation?
  }

  /// A child that goes on only when this process does something with a descriptor.
  package struct ChildWait: Sendable {
    package var process: UInt64
    package var descriptor: UInt64
    package var link: ProcessLink
  }

  package var number: UInt64
  package var time: TraceInstant
  package var reason: SnapshotReason
  /// Where each thread stood, by tid.
  package var threads: [UInt64: ThreadStand] = [:]
  /// All that can reach something that is waited for, by its number.
  package var referrers: [UInt64: [Reach]] = [:]
  /// Descriptors whose other end belongs to this process.
  package var peers: [UInt64: UInt64] = [:]
  package var children: [ChildWait] = []
  /// Tasks that were asked to end and go on: they handle no exception, as one that cleans up does.
  package var unhandled: Set<Int> = []
  /// Whether it found a timer of which the trace does not know.
  package var hasUnseenTimer = false
  var pending: [UInt64: [(Referrer, UInt64)]] = [:]

  init(number: UInt64, time: TraceInstant, reason: SnapshotReason) {
    self.number = number
    self.time = time
    self.reason = reason
  }
}
