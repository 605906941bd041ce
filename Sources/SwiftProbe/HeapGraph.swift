import CSwiftRuntime

/// What refers to what in the heaps of the C library: pieces that it has handed out are nodes, words in them edges.
/// Whatever could be a reference is one.
struct HeapGraph {
  struct Heap {
    var start: UInt
    var end: UInt
    /// Where its pieces begin.
    var first: UInt
    var pieces: Range<Int>
    /// Of its first 512 bytes.
    var granule: Int
  }

  /// A task that waits. What it refers to is not looked through for others: it is a party itself.
  struct Waiter {
    var task: UInt
    var piece: UInt32
    /// What is told of who could end its wait, by this number; 0: that is known without.
    var number: UInt64
    /// What has to be reached for that: itself, or a stream's storage.
    var node: UInt32
  }

  private static let granule: UInt = 512
  /// In units of 16 bytes.
  private static let workPiece: UInt32 = 5
  private static let mostWork: UInt32 = 1024
  private static let isUnused: UInt8 = 1
  private static let hasTask: UInt8 = 2
  /// Together they are no larger than this.
  private static let most: UInt = 128 << 20

  var heaps: Scratch<Heap>
  private var starts: Scratch<UInt32>
  private var granules: Scratch<UInt32>
  private var flags: Scratch<UInt8>
  private var firstEdge: Scratch<UInt32>
  private var edges: Scratch<UInt32>
  var waiters: Scratch<Waiter>
  /// What in tasks' memory is no reference of theirs, in the order of addresses.
  private var leftovers: Scratch<Range<UInt>>
  private var marks: Scratch<UInt32>
  private var pending: Scratch<UInt32>
  private let freedMark = UInt(probe_freed_mark())
  private var low = UInt.max
  private var high: UInt = 0

  init?(bytes: UInt) {
    guard bytes <= Self.most else { return nil }
    let pieces = Int(bytes / 32) + 16
    guard let heaps = Scratch<Heap>(capacity: 64), let starts = Scratch<UInt32>(capacity: pieces),
      let granules = Scratch<UInt32>(capacity: Int(bytes / Self.granule) + 128),
      let flags = Scratch<UInt8>(capacity: pieces),
      let firstEdge = Scratch<UInt32>(capacity: pieces + 1),
      let edges = Scratch<UInt32>(capacity: Int(bytes / 8) + 16),
      let waiters = Scratch<Waiter>(capacity: 1 << 16),
      let leftovers = Scratch<Range<UInt>>(capacity: 1 << 17),
      let marks = Scratch<UInt32>(capacity: pieces + 1 << 16),
      let pending = Scratch<UInt32>(capacity: pieces + 1 << 16)
    else { return nil }
    (self.heaps, self.starts, self.granules, self.flags) = (heaps, starts, granules, flags)
    (self.firstEdge, self.edges, self.waiters) = (firstEdge, edges, waiters)
    self.leftovers = leftovers
    (self.marks, self.pending) = (marks, pending)
  }

  func free() {
    heaps.free()
    starts.free()
    granules.free()
    flags.free()
    firstEdge.free()
    edges.free()
    waiters.free()
    leftovers.free()
    marks.free()
    pending.free()
  }

  // MARK: Pieces

  /// Takes a region as a heap; false if it is none, and anything may be in it.
  mutating func add(_ start: UInt, _ end: UInt, isMain: Bool, _ window: inout Window) -> Bool {
    guard heaps.count < heaps.capacity, heaps.count == 0 || start >= heaps[heaps.count - 1].end
    else { return false }
    // Other heaps than the first begin with a description, whose size depends on the version.
    for offset in stride(from: UInt(0), to: isMain ? 32 : 4096, by: 16) {
      let count = starts.count
      if walk(start, end, from: start + offset, isMain: isMain, &window) {
        let granule = granules.count
        guard index(start, end, count) else { return false }
        _ = heaps.append(
          Heap(
            start: start, end: end, first: start + offset, pieces: count..<starts.count,
            granule: granule))
        (low, high) = (min(low, start), max(high, end))
        return true
      }
      starts.removeLast(to: count)
      flags.removeLast(to: count)
    }
    return false
  }

  /// Each piece begins with its size, with three flags in it; the last one is what was never handed out.
  private mutating func walk(
    _ start: UInt, _ end: UInt, from first: UInt, isMain: Bool, _ window: inout Window
  ) -> Bool {
    let count = starts.count
    var place = first
    while place + 16 <= end {
      guard let header = window.word(place + 8) else { return false }
      let size = header & ~7
      if size == 0, end - place <= 32, starts.count > count { break }
      guard size >= 16, size % 16 == 0, size <= end - place, header & 2 == 0,
        header & 4 == 0 || !isMain
      else { return false }
      if header & 1 == 0, starts.count > count { flags[starts.count - 1] |= Self.isUnused }
      let isFreed = size >= 32 && isFreed(place + 16, &window)
      guard starts.append(UInt32((place - start) / 16)), flags.append(isFreed ? Self.isUnused : 0)
      else { return false }
      place += size
    }
    guard starts.count > count, end - place <= 32 else { return false }
    if place == end { flags[starts.count - 1] |= Self.isUnused }
    return true
  }

  /// Whether a piece was given back and is kept for its thread: then it begins with where the next such piece is, made
  /// unreadable by its own place, and with a number that says so.
  private func isFreed(_ place: UInt, _ window: inout Window) -> Bool {
    guard freedMark != 0, window.word(place + 8) == freedMark, let word = window.word(place) else {
      return false
    }
    let next = word ^ place >> 12
    return next % 16 == 0 && next < 1 << 47
  }

  private mutating func index(_ start: UInt, _ end: UInt, _ first: Int) -> Bool {
    var piece = first
    for granule in 0..<(end - start + Self.granule - 1) / Self.granule {
      let offset = UInt32(granule * Self.granule / 16)
      while piece < starts.count, starts[piece] < offset { piece += 1 }
      guard granules.append(UInt32(piece)) else { return false }
    }
    return true
  }

  /// libdispatch keeps for each thread what it has queued work with, to use it again: a list, in which each piece is
  /// numbered by how many are behind it. They still refer to work that is done.
  func leaveOutDoneWork(_ head: UInt) {
    var words = (UInt(0), UInt(0), UInt(0))
    var isSure = false
    for _ in 0..<2 {
      var place = head
      var number: UInt32 = 0
      while place != 0 {
        guard let piece = piece(at: place), piece + 1 < starts.count,
          starts[piece + 1] &- starts[piece] == Self.workPiece, probe_peek(place, &words, 24)
        else { return }
        let its = UInt32(truncatingIfNeeded: words.1)
        guard its > 0, its <= Self.mostWork, number == 0 || its == number - 1 else { return }
        if isSure { flags[piece] |= Self.isUnused }
        number = its
        place = words.2
      }
      guard number == 1 else { return }
      isSure = true
    }
  }

  /// The piece in which an address lies, behind its header.
  @inline(__always)
  func piece(at address: UInt) -> Int? {
    guard address >= low, address < high else { return nil }
    for index in 0..<heaps.count {
      let heap = heaps[index]
      guard address >= heap.first + 16, address < heap.end else { continue }
      let offset = (address - 16 - heap.start) / 16
      var piece = Int(granules[heap.granule + Int(offset * 16 / Self.granule)])
      while piece < heap.pieces.upperBound, starts[piece] <= UInt32(offset) { piece += 1 }
      return piece > heap.pieces.lowerBound ? piece - 1 : nil
    }
    return nil
  }

  // MARK: Tasks

  /// False if there are too many. In the order of their addresses.
  mutating func add(waiter: Waiter) -> Bool {
    flags[Int(waiter.piece)] |= Self.hasTask
    return waiters.append(waiter)
  }

  /// What lies there was left by functions that have returned, or is the runtime's own; ignored if it is not part of one
  /// piece.
  mutating func add(leftover: Range<UInt>) {
    guard let piece = piece(at: leftover.lowerBound),
      let last = self.piece(at: leftover.upperBound - 8),
      piece == last
    else { return }
    _ = leftovers.append(leftover)
  }

  func sortLeftovers() {
    var all = UnsafeMutableBufferPointer(start: leftovers.base, count: leftovers.count)
    all.sort { $0.lowerBound < $1.lowerBound }
  }

  /// The node of a task's own, apart from what it refers to.
  func node(ofWaiter index: Int) -> UInt32 { UInt32(starts.count + index) }

  private func waiter(at address: UInt) -> Int? {
    var (from, to) = (0, waiters.count)
    while from < to {
      let middle = (from + to) / 2
      if waiters[middle].task < address { from = middle + 1 } else { to = middle }
    }
    return from < waiters.count && waiters[from].task == address ? from : nil
  }

  // MARK: References

  private static let none = UInt32.max

  /// What a word refers to, if anything: a task that waits, a piece. The language keeps flags in a reference's upper and
  /// lower bits.
  @inline(__always)
  private func nodes(_ word: UInt) -> (UInt32, UInt32) {
    let address = word & 0x00ff_ffff_ffff_fff8
    guard address >= low, address < high, let piece = piece(at: address) else {
      return (Self.none, Self.none)
    }
    let flags = flags[piece]
    let waiter = flags & Self.hasTask != 0 ? waiter(at: address & ~15) : nil
    // Who has a task can resume it; who knows a place within its memory may find there what it refers to.
    if let waiter { return (node(ofWaiter: waiter), Self.none) }
    return (Self.none, flags & Self.isUnused != 0 ? Self.none : UInt32(piece))
  }

  /// Reads what all pieces refer to; false if it cannot.
  mutating func connect(_ reader: inout MemoryReader) -> Bool {
    for index in 0..<heaps.count {
      let heap = heaps[index]
      var piece = heap.pieces.lowerBound
      var leftover = 0
      guard firstEdge.append(UInt32(edges.count)) else { return false }
      let isRead = reader.read(from: heap.first + 16, to: heap.end) { address, words, count in
        var end = self.end(of: piece, heap)
        for word in 0..<count {
          while address + UInt(word) * 8 >= end {
            piece += 1
            guard piece < heap.pieces.upperBound, firstEdge.append(UInt32(edges.count)) else {
              return piece >= heap.pieces.upperBound
            }
            end = self.end(of: piece, heap)
          }
          let value = words[word] & 0x00ff_ffff_ffff_fff8
          guard value >= low, value < high, flags[piece] & Self.isUnused == 0 else { continue }
          let place = address + UInt(word) * 8
          while leftover < leftovers.count, leftovers[leftover].upperBound <= place {
            leftover += 1
          }
          if leftover < leftovers.count, leftovers[leftover].contains(place) { continue }
          let (task, other) = nodes(value)
          if task != Self.none, !edges.append(task) { return false }
          if other != Self.none, !edges.append(other) { return false }
        }
        return true
      }
      guard isRead else { return false }
      while firstEdge.count < heap.pieces.upperBound {
        guard firstEdge.append(UInt32(edges.count)) else { return false }
      }
    }
    return firstEdge.append(UInt32(edges.count))
  }

  private func end(of piece: Int, _ heap: Heap) -> UInt {
    piece + 1 < heap.pieces.upperBound ? heap.start + UInt(starts[piece + 1]) * 16 + 16 : heap.end
  }

  // MARK: What can be reached

  /// By anybody.
  static let byAll: UInt32 = 1

  func isReached(_ node: UInt32, by mark: UInt32) -> Bool {
    marks[Int(node)] == mark || marks[Int(node)] == Self.byAll
  }

  /// Begins with what these words refer to.
  mutating func reach(
    _ words: UnsafeMutablePointer<UInt>, _ count: Int, by mark: UInt32
  ) -> Bool {
    for index in 0..<count {
      let (task, other) = nodes(words[index])
      if task != Self.none, !reach(task, by: mark) { return false }
      if other != Self.none, !reach(other, by: mark) { return false }
    }
    return true
  }

  /// Begins with what a task refers to.
  mutating func reach(fromPiece piece: Int, by mark: UInt32) -> Bool {
    for edge in firstEdge[piece]..<firstEdge[piece + 1] where !reach(edges[Int(edge)], by: mark) {
      return false
    }
    return true
  }

  private mutating func reach(_ node: UInt32, by mark: UInt32) -> Bool {
    guard !isReached(node, by: mark) else { return true }
    marks[Int(node)] = mark
    return Int(node) >= starts.count || pending.append(node)
  }

  /// Follows all that was begun with; false if the time is over.
  mutating func follow(by mark: UInt32, _ reader: MemoryReader) -> Bool {
    var steps = 0
    while let node = pending.popLast() {
      guard reach(fromPiece: Int(node), by: mark) else { return false }
      steps += 1
      if steps % 4096 == 0, reader.isOverdue { return false }
    }
    return true
  }
}
