import CSwiftRuntime

/// A small part of memory, for words that come in order.
struct Window {
  private let words: Scratch<UInt>
  private var start: UInt = 0
  private var end: UInt = 0

  init?() {
    guard let words = Scratch<UInt>(capacity: 8192) else { return nil }
    self.words = words
  }

  func free() { words.free() }

  mutating func word(_ address: UInt) -> UInt? {
    if address < start || address + 8 > end {
      let page = UInt(PROBE_PAGE)
      // Up to the end of its page at least, for the next one may not be there.
      start = address & ~7
      end = start + UInt(words.capacity * 8)
      if !probe_peek(start, words.base, Int(end - start)) {
        end = (start & ~(page - 1)) + page
        guard probe_peek(start, words.base, Int(end - start)) else {
          (start, end) = (0, 0)
          return nil
        }
      }
    }
    return words[Int((address - start) / 8)]
  }
}
