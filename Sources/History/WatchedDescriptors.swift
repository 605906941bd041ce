package import TraceFormat

/// The descriptors that loops watch, each for one direction.
package struct WatchedDescriptors: Sendable {
  package struct Key: Hashable, Comparable, Sendable {
    package let descriptor: UInt64
    package let isForWriting: Bool

    package static func < (one: Key, other: Key) -> Bool {
      (one.descriptor, one.isForWriting ? 1 : 0) < (other.descriptor, other.isForWriting ? 1 : 0)
    }
  }

  package struct Watch: Sendable {
    package let loop: UInt64
    /// Who made it known to the loop, if it is a listening socket.
    package internal(set) var listener: Occurrence?
  }

  package internal(set) var watches: [Key: Watch] = [:]
  /// When a loop stopped watching one.
  private var ended: [Key: TraceInstant] = [:]

  package subscript(reading descriptor: UInt64) -> Watch? {
    watches[Key(descriptor: descriptor, isForWriting: false)]
  }

  package subscript(writing descriptor: UInt64) -> Watch? {
    watches[Key(descriptor: descriptor, isForWriting: true)]
  }

  /// The watches of listening sockets.
  package var listening: [Watch] { watches.values.filter { $0.listener != nil } }

  /// Since when no loop watches for input of a descriptor of which one did.
  package func unread(_ descriptor: UInt64) -> TraceInstant? {
    ended[Key(descriptor: descriptor, isForWriting: false)]
  }

  mutating func apply(_ event: Event, by what: Occurrence) {
    let (writing, listening, internalPipe): (UInt32, UInt32, UInt32) = (2, 4, 8)
    guard event.value & internalPipe == 0 else { return }
    let key = Key(descriptor: event.subject, isForWriting: event.value & writing != 0)
    guard event.kind == .ioRegister else {
      watches[key] = nil
      ended[key] = event.time
      return
    }
    ended[key] = nil
    watches[key] = Watch(
      loop: event.object, listener: event.value & listening != 0 ? what : nil)
  }

  mutating func renumber(_ map: Renumbering) {
    for key in watches.keys {
      if let listener = watches[key]!.listener {
        watches[key]!.listener = map.occurrence(listener)
      }
    }
  }
}
