/// A trace in memory: parsed from the text form, or built by a test.
package struct MemoryTrace: EventSource, Equatable, Sendable {
  package var header = TraceHeader()
  package var definitions = Definitions()
  /// As recorded: events of one thread in their order; threads in any order.
  package var events: [Event] = []
  /// What `forEachEvent` says is missing.
  package var losses: [Loss] = []

  package init() {}

  /// Everything that a source has, in memory. Throws what reading the source throws.
  package init(reading source: some EventSource) throws {
    header = source.header
    var collected: [Event] = []
    losses = try source.forEachEvent { collected.append($0) }
    definitions = source.definitions
    events = collected
  }

  package func forEachBatch(_ body: (UnsafeBufferPointer<Event>) throws -> Void) throws -> [Loss] {
    try inOrder().withUnsafeBufferPointer(body)
    return losses
  }

  /// By time, then thread. An event whose thread's clock went back stays behind the one before it.
  private func inOrder() -> [Event] {
    var latest: [ThreadSlot: TraceInstant] = [:]
    var keys: [(time: TraceInstant, thread: ThreadSlot)] = []
    keys.reserveCapacity(events.count)
    for event in events {
      let time = max(event.time, latest[event.thread] ?? .start)
      latest[event.thread] = time
      keys.append((time, event.thread))
    }
    if zip(keys, keys.dropFirst()).allSatisfy({ $0 <= $1 }) { return events }
    let order = keys.indices.sorted {
      (keys[$0].time, keys[$0].thread, $0) < (keys[$1].time, keys[$1].thread, $1)
    }
    return order.map { events[$0] }
  }
}

extension MemoryTrace {
  /// The id of a string: the one that it has, or the lowest free one.
  package mutating func intern(_ string: String) -> UInt32 {
    let known = definitions.strings.filter { $0.value == string }.keys.min()
    if let known { return known }
    let id = Self.freeID(definitions.strings)
    definitions.strings[id] = string
    return id
  }

  /// The id of a site: the one that it has, or the lowest free one.
  package mutating func intern(_ site: Site) -> UInt32 {
    let known = definitions.sites.filter { $0.value == site }.keys.min()
    if let known { return known }
    let id = Self.freeID(definitions.sites)
    definitions.sites[id] = site
    return id
  }

  /// The id of a stack of sites, innermost first: the one that it has, or the lowest free one.
  package mutating func intern(stack sites: [UInt32]) -> StackID? {
    let known = definitions.stacks.filter { $0.value == sites }.keys.min()
    let id = known ?? Self.freeID(definitions.stacks)
    definitions.stacks[id] = sites
    return StackID(id)
  }

  /// Linear in the number of ids: for traces that are small enough to be written by hand.
  static func freeID<Value>(_ taken: [UInt32: Value]) -> UInt32 {
    var id: UInt32 = 1
    while taken[id] != nil { id += 1 }
    return id
  }
}

extension Definitions: Equatable {
  package static func == (a: Definitions, b: Definitions) -> Bool {
    a.strings == b.strings && a.sites == b.sites && a.modules == b.modules
      && a.addresses == b.addresses && a.stacks == b.stacks && a.threads == b.threads
      && a.facts.elementsEqual(b.facts, by: ==)
  }
}
