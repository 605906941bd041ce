import CRecorderLink
import CSwiftRuntime

/// Reads the memory of the process block by block, leaving out what is the probe's own, for so long and so much.
struct MemoryReader {
  private static let blockPages = 16
  private static let mostBytes = 256 << 20
  private static let mostMicroseconds: UInt32 = 200_000

  private let block: Scratch<UInt>
  private let pages: Scratch<UInt64>
  private let own: Scratch<probe_region>
  private let ownCount: Int
  private let began = probe_now()
  private(set) var bytes = 0

  init?() {
    guard let block = Scratch<UInt>(capacity: Self.blockPages * Int(PROBE_PAGE) / 8),
      let pages = Scratch<UInt64>(capacity: 512), let own = Scratch<probe_region>(capacity: 2048)
    else { return nil }
    (self.block, self.pages, self.own) = (block, pages, own)
    ownCount = probe_own_memory(own.base, own.capacity)
  }

  func free() {
    block.free()
    pages.free()
    own.free()
  }

  var isOverdue: Bool { probe_microseconds_since(began) > Self.mostMicroseconds }

  /// Hands on all words of a part of memory that was ever written, in order; false if it cannot be read to its end.
  /// - Parameter isShared: others may have written it.
  mutating func read(
    from start: UInt, to end: UInt, isShared: Bool = false,
    _ body: (_ address: UInt, _ words: UnsafeMutablePointer<UInt>, _ count: Int) -> Bool
  ) -> Bool {
    let page = UInt(PROBE_PAGE)
    var place = start & ~(page - 1)
    var known: Range<UInt> = 0..<0
    while place < end {
      let next = min(place + page * UInt(Self.blockPages), end)
      if !isShared {
        if !known.contains(place) {
          let last = min(place + page * UInt(pages.capacity), (end + page - 1) & ~(page - 1))
          guard probe_pages(place, Int((last - place) / page), pages.base) else { return false }
          known = place..<last
        }
        if isEmpty(place, next, since: known.lowerBound) {
          place = next
          continue
        }
      }
      let from = max(place, start) & ~7
      let size = Int(next - from)
      bytes += size
      guard bytes <= Self.mostBytes, !isOverdue, probe_peek(from, block.base, size) else {
        return false
      }
      leaveOut(from, next)
      guard body(from, block.base, size / 8) else { return false }
      place = next
    }
    return true
  }

  private func isEmpty(_ start: UInt, _ end: UInt, since first: UInt) -> Bool {
    var index = Int((start - first) / UInt(PROBE_PAGE))
    let last = Int((end - 1 - first) / UInt(PROBE_PAGE))
    while index <= last {
      if pages[index] >> 62 != 0 { return false }
      index += 1
    }
    return true
  }

  private func leaveOut(_ start: UInt, _ end: UInt) {
    for index in 0..<ownCount where own[index].start < end && own[index].end > start {
      var place = max(own[index].start, start) & ~7
      while place < min(own[index].end, end) {
        block[Int((place - start) / 8)] = 0
        place += 8
      }
    }
  }
}
