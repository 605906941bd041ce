import TraceFormat

/// Turns bytes into events: few numbers, so that they meet, and now and then one at the edge of what fits.
enum EventMaker {
  static func trace(from bytes: ArraySlice<UInt8>) -> MemoryTrace {
    var trace = MemoryTrace()
    trace.definitions = definitions
    var rest = bytes
    let flags = rest.popFirst() ?? 0
    trace.header.cleanEnd = flags & 1 != 0
    trace.header.process = 100
    trace.header.lostEvents = flags & 2 != 0 ? 1 : 0
    if flags & 4 != 0 { trace.header.lastInstant = TraceInstant(nanoseconds: 60_000_000_000) }
    var time: UInt64 = 0
    while rest.count >= 6 {
      let six = Array(rest.prefix(6))
      rest = rest.dropFirst(6)
      time = time &+ duration(six[0] >> 4)
      if time > UInt64.max / 2 { time = UInt64.max / 2 }
      trace.events.append(
        Event(
          time: TraceInstant(nanoseconds: time), thread: ThreadSlot(UInt32(six[0] & 3)),
          kind: kinds[Int(six[1]) % kinds.count], subject: number(six[2]), object: number(six[3]),
          site: StackID(UInt32(six[4] & 7)), value: value(six[5])))
    }
    return trace
  }

  private static let kinds = EventKind.allCases

  /// From nothing to an hour.
  private static func duration(_ code: UInt8) -> UInt64 {
    switch code {
    case 0: 0
    case 1...10: 1000 << UInt64(code)
    case 15: 3_600_000_000_000
    default: 1_000_000_000 * UInt64(code)
    }
  }

  private static func number(_ code: UInt8) -> UInt64 {
    switch code {
    case 0..<64: UInt64(code)
    case 64..<96: 1 << 63 | UInt64(code & 7)
    case 96..<128: 1 << 62 | UInt64(code & 7)
    case 128..<192: UInt64(100 + code % 4)
    case 255: .max
    case 254: .max / 1_000_000
    case 253: 1 << 32
    default: UInt64(code) << 20
    }
  }

  private static func value(_ code: UInt8) -> UInt32 {
    switch code {
    case 255: .max
    case 254: .max - 1
    case 253: 60_000
    default: UInt32(code)
    }
  }

  private static let definitions: Definitions = {
    var definitions = Definitions()
    definitions.strings = [1: "cache", 2: "", 3: "\u{1b}[31m\u{202e}\n", 4: "coroner-drain"]
    for id: UInt32 in 1...6 {
      definitions.sites[id] = Site(
        file: id == 6 ? "" : "app.py", function: id == 5 ? "_Mixin.__aenter__" : "f\(id)",
        line: id == 4 ? 0 : Int(id), ownership: id == 5 ? .runtime : .user)
    }
    definitions.stacks = [1: [1], 2: [2, 1], 3: [5, 3], 4: [], 5: [99], 6: [5], 7: [6, 4]]
    for slot: UInt32 in 0..<3 {
      definitions.threads[ThreadSlot(slot)] = .init(tid: 100 + UInt64(slot), name: "T\(slot)")
    }
    return definitions
  }()
}
