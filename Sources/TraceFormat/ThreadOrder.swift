/// The streams of a trace by the time of their next event; of equal times the lower place goes first.
struct ThreadOrder {
  /// A heap: no entry is later than the two behind it.
  private var entries: [Entry] = []

  struct Entry {
    var ticks: UInt64
    var place: Int

    static func < (a: Entry, b: Entry) -> Bool {
      a.ticks != b.ticks ? a.ticks < b.ticks : a.place < b.place
    }
  }

  mutating func insert(_ entry: Entry) {
    entries.append(entry)
    var at = entries.count - 1
    while at > 0, entries[at] < entries[(at - 1) / 2] {
      entries.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  var first: Entry? { entries.first }

  /// Up to when the first one's events go before those of all others.
  var limit: UInt64 {
    guard entries.count > 1 else { return .max }
    let next = entries.count == 2 || entries[1] < entries[2] ? entries[1] : entries[2]
    return next.place < entries[0].place && next.ticks > 0 ? next.ticks - 1 : next.ticks
  }

  /// Gives the first one its new time; takes it out if it has none.
  mutating func replaceFirst(ticks: UInt64?) {
    if let ticks {
      entries[0].ticks = ticks
    } else {
      let last = entries.removeLast()
      if entries.isEmpty { return }
      entries[0] = last
    }
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2] where child < entries.count {
        if entries[child] < entries[least] { least = child }
      }
      if least == at { return }
      entries.swapAt(at, least)
      at = least
    }
  }
}
