package import TraceFormat

/// The threads that have recorded anything, in the order in which they began to.
package struct ThreadTable: Sequence, Sendable {
  package private(set) var slots: [ThreadSlot] = []
  /// As many as slots, and in the same order.
  var states: [ThreadState] = []
  private var places: [ThreadSlot: Int] = [:]
  /// Where the latest event was: the next one mostly is there, too.
  private(set) var latest = 0
  private(set) var latestNumber: UInt32?

  package var keys: [ThreadSlot] { slots }
  package var values: [ThreadState] { states }

  package func makeIterator() -> some IteratorProtocol<(key: ThreadSlot, value: ThreadState)> {
    zip(slots, states).lazy.map { (key: $0, value: $1) }.makeIterator()
  }

  package subscript(slot: ThreadSlot) -> ThreadState? { place(of: slot).map { states[$0] } }

  func place(of slot: ThreadSlot) -> Int? {
    slot.number == latestNumber ? latest : places[slot]
  }

  mutating func find(_ slot: ThreadSlot) -> Int? {
    guard let place = places[slot] else { return nil }
    latest = place
    latestNumber = slot.number
    return place
  }

  mutating func append(_ slot: ThreadSlot, _ state: ThreadState) {
    places[slot] = slots.count
    slots.append(slot)
    states.append(state)
  }
}
