import TraceABI

/// Decoded events of one thread, a column for each field. The room is used again for block after block.
///
/// Times and kinds are in the order of the events. The other fields of event `i` are at `places[i]`: blocks have them
/// by kind.
struct EventColumns: ~Copyable {
  private(set) var count = 0
  private var capacity = 0
  /// Ticks since the start of the recording.
  private(set) var ticks = UnsafeMutablePointer<UInt64>.allocate(capacity: 0)
  private(set) var subjects = UnsafeMutablePointer<UInt64>.allocate(capacity: 0)
  private(set) var objects = UnsafeMutablePointer<UInt64>.allocate(capacity: 0)
  private(set) var sites = UnsafeMutablePointer<UInt32>.allocate(capacity: 0)
  private(set) var values = UnsafeMutablePointer<UInt32>.allocate(capacity: 0)
  private(set) var kinds = UnsafeMutablePointer<UInt8>.allocate(capacity: 0)
  private(set) var places = UnsafeMutablePointer<UInt16>.allocate(capacity: 0)
  /// Ticks between two events, as a block has them.
  private var deltas = UnsafeMutablePointer<UInt64>.allocate(capacity: 0)

  deinit { deallocate() }

  private func deallocate() {
    ticks.deallocate()
    subjects.deallocate()
    objects.deallocate()
    sites.deallocate()
    values.deallocate()
    kinds.deallocate()
    places.deallocate()
    deltas.deallocate()
  }

  private mutating func makeRoom(for count: Int) {
    self.count = 0
    guard count > capacity else { return }
    deallocate()
    ticks = .allocate(capacity: count)
    subjects = .allocate(capacity: count)
    objects = .allocate(capacity: count)
    sites = .allocate(capacity: count)
    values = .allocate(capacity: count)
    kinds = .allocate(capacity: count)
    places = .allocate(capacity: count)
    deltas = .allocate(capacity: count)
    capacity = count
  }

  /// Takes an events section; false if the bytes do not fit its count.
  mutating func decode(_ bytes: UnsafeBufferPointer<UInt8>, of section: Section) -> Bool {
    let count = Int(section.count)
    makeRoom(for: count)
    guard bytes.count >= 8 else { return false }
    let mask = UnsafeRawPointer(bytes.baseAddress!).loadUnaligned(as: UInt64.self)
    let present = mask & (1 << UInt64(CORONER_PLANES) - 1)
    let isByKind = mask == present | 1 << UInt64(CORONER_BY_KIND)
    guard isByKind || mask == present, bytes.count == 8 + present.nonzeroBitCount * count
    else { return false }
    var planes = Planes(mask: present, next: bytes.baseAddress! + 8, count: count)
    planes.gather(0..<8, into: deltas, rotation: 0)
    planes.gather(8..<9, into: kinds, rotation: 0)
    // Subject and object are stored rotated by four bits.
    planes.gather(9..<17, into: subjects, rotation: 4)
    planes.gather(17..<25, into: objects, rotation: 4)
    planes.gather(25..<29, into: sites, rotation: 0)
    planes.gather(29..<33, into: values, rotation: 0)
    if isByKind { placeByKind(count) } else { placeInOrder(count) }
    var now = section.timeFirst
    for index in 0..<count {
      now &+= deltas[Int(places[index])]
      // As in a hot buffer, where the kind takes the rest of the word.
      ticks[index] = now & .max >> 8
    }
    self.count = count
    return true
  }

  private func placeInOrder(_ count: Int) {
    for index in 0..<count { places[index] = UInt16(truncatingIfNeeded: index) }
  }

  /// Where the fields of each event are if those of the lowest kind come first.
  private func placeByKind(_ count: Int) {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { next in
      next.initialize(repeating: 0)
      for index in 0..<count { next[Int(kinds[index])] += 1 }
      var before = 0
      for kind in 0..<256 { (next[kind], before) = (before, before + next[kind]) }
      for index in 0..<count {
        let kind = Int(kinds[index])
        places[index] = UInt16(truncatingIfNeeded: next[kind])
        next[kind] += 1
      }
    }
  }

  /// Takes the records of a hot buffer.
  mutating func take(_ records: [UInt8]) {
    let size = HotBuffer.recordSize
    let count = records.count / size
    makeRoom(for: count)
    records.withUnsafeBytes { bytes in
      for index in 0..<count {
        let at = index * size
        let timeAndKind = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        ticks[index] = timeAndKind >> 8
        kinds[index] = UInt8(truncatingIfNeeded: timeAndKind)
        subjects[index] = bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
        objects[index] = bytes.loadUnaligned(fromByteOffset: at + 16, as: UInt64.self)
        sites[index] = bytes.loadUnaligned(fromByteOffset: at + 24, as: UInt32.self)
        values[index] = bytes.loadUnaligned(fromByteOffset: at + 28, as: UInt32.self)
      }
    }
    placeInOrder(count)
    self.count = count
  }
}

/// Planes of bytes, of which those that are all zero are absent, put together to numbers.
private struct Planes {
  let mask: UInt64
  /// The next plane that is there. The caller has checked that as many are as the mask says.
  var next: UnsafePointer<UInt8>
  let count: Int

  mutating func gather<Number: FixedWidthInteger & UnsignedInteger>(
    _ numbers: Range<Int>, into column: UnsafeMutablePointer<Number>, rotation: Number
  ) {
    var isEmpty = true
    for (place, number) in numbers.enumerated() where mask >> UInt64(number) & 1 == 1 {
      let left = Number(truncatingIfNeeded: place * 8) &+ rotation
      let right = Number(truncatingIfNeeded: Number.bitWidth) &- left
      let isSplit = left &+ 8 > Number.bitWidth
      let plane = next
      if isEmpty {
        for index in 0..<count { column[index] = Number(truncatingIfNeeded: plane[index]) &<< left }
      } else {
        for index in 0..<count {
          column[index] |= Number(truncatingIfNeeded: plane[index]) &<< left
        }
      }
      if isSplit {
        for index in 0..<count {
          column[index] |= Number(truncatingIfNeeded: plane[index]) &>> right
        }
      }
      isEmpty = false
      next += count
    }
    if isEmpty { column.update(repeating: 0, count: count) }
  }
}
