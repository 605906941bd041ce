package import TraceFormat

/// An index or none, in four bytes: a trace has fewer parties alive than that.
struct PackedIndex: Sendable {
  private var raw = UInt32.max
  init(_ index: Int?) { self.index = index }

  var index: Int? {
    get { raw == .max ? nil : Int(raw) }
    set { raw = newValue.map { UInt32(truncatingIfNeeded: $0) } ?? .max }
  }
}

/// A party, a resource or neither, in four bytes.
struct PackedEntity: Sendable {
  private(set) var raw: UInt32

  init(raw: UInt32) { self.raw = raw }

  init(_ entity: Entity?) {
    switch entity {
    case .party(let index): raw = UInt32(truncatingIfNeeded: index) << 1
    case .resource(let index): raw = UInt32(truncatingIfNeeded: index) << 1 | 1
    case nil: raw = .max
    }
  }

  var entity: Entity? {
    if raw == .max { return nil }
    return raw & 1 == 0 ? .party(Int(raw >> 1)) : .resource(Int(raw >> 1))
  }
}

/// Something that a party did: when, by whom, where.
package struct Occurrence: Sendable {
  package var time: TraceInstant
  private var partyIndex: UInt32
  private var siteNumber: UInt32
  private var giver = PackedIndex(nil)
  private var turn = PackedIndex(nil)

  package init(time: TraceInstant, party: Int, site: StackID?) {
    self.time = time
    partyIndex = UInt32(truncatingIfNeeded: party)
    siteNumber = site?.number ?? 0
  }

  /// In the place of one that is not known.
  static let none = Occurrence(time: .start, party: 0, site: nil)

  /// Index in `World.parties`.
  package var party: Int {
    get { Int(partyIndex) }
    set { partyIndex = UInt32(truncatingIfNeeded: newValue) }
  }
  package var site: StackID? {
    get { StackID(siteNumber) }
    set { siteNumber = newValue?.number ?? 0 }
  }
  /// Who did it on the party's behalf, and not the party itself.
  package var handedBy: Int? {
    get { giver.index }
    set { giver.index = newValue }
  }
  /// The executor whose turn it was.
  package var executor: Int? {
    get { turn.index }
    set { turn.index = newValue }
  }
}

/// What a party waits on.
package struct Wait: Sendable {
  package var since: TraceInstant
  private var limit = UInt64.max
  private var awaited: PackedEntity
  private var target: PackedIndex
  private var siteNumber: UInt32
  private var operation: Operation?

  package init(
    future: Entity?, primitive: (resource: Int?, operation: Operation)?, site: StackID?,
    since: TraceInstant
  ) {
    self.since = since
    awaited = PackedEntity(future)
    target = PackedIndex(primitive?.resource)
    siteNumber = site?.number ?? 0
    operation = primitive?.operation
  }

  var isSleep: Bool { if case .sleep? = operation { true } else { false } }

  /// The bare future or task under the wait; nothing for a thread.
  package var future: Entity? {
    get { awaited.entity }
    set { awaited = PackedEntity(newValue) }
  }
  /// The primitive that the wait is about, and what is done with it.
  package var primitive: (resource: Int?, operation: Operation)? {
    get { operation.map { (target.index, $0) } }
    set {
      target.index = newValue?.resource
      operation = newValue?.operation
    }
  }
  package var site: StackID? {
    get { StackID(siteNumber) }
    set { siteNumber = newValue?.number ?? 0 }
  }
  /// When it ends by itself at the latest.
  package var deadline: TraceInstant? {
    get { limit == .max ? nil : TraceInstant(nanoseconds: limit) }
    set { limit = newValue?.nanoseconds ?? .max }
  }
}

/// A wait for something that one does something with, or none, without a future and a limit.
struct BriefWait: Sendable {
  /// The latest instant there is stands for none.
  private var since = UInt64.max
  private var target = PackedIndex(nil)
  var site: UInt32 = 0
  private var operation = Operation.acquire

  init() {}

  init(_ wait: Wait?) {
    guard let wait, let primitive = wait.primitive else { return }
    since = wait.since.nanoseconds
    target.index = primitive.resource
    site = wait.site?.number ?? 0
    operation = primitive.operation
  }

  mutating func clear() { since = .max }

  var wait: Wait? {
    since == .max
      ? nil
      : Wait(
        future: nil, primitive: (target.index, operation), site: StackID(site),
        since: TraceInstant(nanoseconds: since))
  }
}
