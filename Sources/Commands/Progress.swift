import Glibc
import Synchronization
import TraceFormat

/// Says on standard error how far a long reading is; only on a terminal, and only after a moment.
final class Progress: Sendable {
  private let label: String
  private let isOn = Console.standardError.isTerminal
  private let began = Progress.seconds()
  private let state = Mutex<(next: Double, shown: Bool)>((next: 0.5, shown: false))

  /// Batches of events between two looks at the clock.
  static let stride: UInt64 = 1 << 10

  init(label: String) { self.label = label }

  func watching(_ trace: any EventSource) -> any EventSource {
    isOn ? WatchedSource(trace: trace, progress: self) : trace
  }

  fileprivate func note(events: UInt64) {
    let elapsed = Self.seconds() - began
    state.withLock { state in
      guard elapsed >= state.next else { return }
      state = (next: elapsed + 0.2, shown: true)
      Console.standardError.write("\r\(label): \(events / 1_000_000) million events\u{1B}[K")
    }
  }

  func end() {
    state.withLock { state in
      if state.shown { Console.standardError.write("\r\u{1B}[K") }
      state.shown = false
    }
  }

  private static func seconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}

private struct WatchedSource: EventSource {
  var trace: any EventSource
  var progress: Progress

  var header: TraceHeader { trace.header }
  var definitions: Definitions { trace.definitions }

  func forEachBatch(_ body: (UnsafeBufferPointer<Event>) throws -> Void) throws -> [Loss] {
    var (events, batches): (UInt64, UInt64) = (0, 0)
    return try trace.forEachBatch { batch in
      events += UInt64(batch.count)
      batches += 1
      if batches % Progress.stride == 0 { progress.note(events: events) }
      try body(batch)
    }
  }
}
