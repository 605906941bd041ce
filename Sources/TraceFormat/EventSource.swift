/// What a trace says about itself.
package struct TraceHeader: Equatable, Sendable {
  package var program = ""
  package var process: UInt32 = 0
  /// The process that started it; 0 if the trace does not say.
  package var parent: UInt32 = 0
  /// Unix time in nanoseconds when the recording began.
  package var wallStart: UInt64 = 0
  /// The recorder ended the file itself; otherwise the process was killed.
  package var cleanEnd = false
  /// Events that the recorder counted as lost.
  package var lostEvents: UInt64 = 0
  /// The last instant at which the recorder is known to have run; later than the last event when the
  /// program was at rest.
  package var lastInstant: TraceInstant?
  /// Since when all events are there, if those before were given up because of the recording's limit. What
  /// still mattered of them is told by events with their own times.
  package var keptFrom: TraceInstant?
  package init() {}
}

/// Something that is missing from a trace or damaged in it.
package struct Loss: Equatable, Sendable {
  /// What is missing, as a clause: "block 7 of thread 2 is damaged (its checksum differs)".
  package var what: String
  package var byteOffset: UInt64?
  package var events: UInt64?
  package init(what: String, byteOffset: UInt64? = nil, events: UInt64? = nil) {
    self.what = what
    self.byteOffset = byteOffset
    self.events = events
  }
}

/// Events in one order across threads, with what they refer to: a file, or the text form.
package protocol EventSource {
  var header: TraceHeader { get }
  /// Complete before the first event is delivered.
  var definitions: Definitions { get }
  /// Delivers every event in the order of time, many at once; events of one thread keep their order.
  /// Returns what turned out to be missing. Throws what `body` throws.
  func forEachBatch(_ body: (UnsafeBufferPointer<Event>) throws -> Void) throws -> [Loss]
}

extension EventSource {
  /// The same, one by one.
  package func forEachEvent(_ body: (Event) throws -> Void) throws -> [Loss] {
    try forEachBatch { for event in $0 { try body(event) } }
  }
}
