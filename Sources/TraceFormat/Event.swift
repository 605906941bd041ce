import TraceABI

/// One event of a trace, decoded.
///
/// Meaning of the fields by kind: `EventKind.table`, `docs/format.md`.
package struct Event: Equatable, Sendable {
  /// Since the recording began.
  package var time: TraceInstant
  package var thread: ThreadSlot
  package var kind: EventKind
  package var subject: UInt64
  package var object: UInt64
  package var site: StackID?
  package var value: UInt32

  package init(
    time: TraceInstant, thread: ThreadSlot, kind: EventKind, subject: UInt64, object: UInt64 = 0,
    site: StackID? = nil, value: UInt32 = 0
  ) {
    self.time = time
    self.thread = thread
    self.kind = kind
    self.subject = subject
    self.object = object
    self.site = site
    self.value = value
  }

  /// How many of them in a row it stands for.
  package var count: UInt32 {
    switch kind {
    case .queuePut, .queueGot, .queueTaskDone: 1 + UInt32(min(object, UInt64(CORONER_MORE_LIMIT)))
    default: 1
    }
  }
}

/// An instant, in nanoseconds since the recording began.
package struct TraceInstant: Hashable, Comparable, Sendable {
  package var nanoseconds: UInt64
  package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }
  package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
  package static let start = TraceInstant(nanoseconds: 0)
  /// Nanoseconds from `other` to this instant, 0 if it is later.
  package func since(_ other: TraceInstant) -> UInt64 {
    nanoseconds > other.nanoseconds ? nanoseconds - other.nanoseconds : 0
  }
}

/// The place of a thread in the trace; one per thread that ever recorded.
package struct ThreadSlot: Hashable, Comparable, Sendable {
  package var number: UInt32
  package init(_ number: UInt32) { self.number = number }
  package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// A stack that the trace defines.
package struct StackID: Hashable, Sendable {
  package var number: UInt32
  /// Nothing for 0, which stands for no stack.
  package init?(_ number: UInt32) {
    guard number != 0 else { return nil }
    self.number = number
  }
}
