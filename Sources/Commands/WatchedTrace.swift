import TraceFormat

/// When a growing trace is looked at, and since when the same parties have been found stuck in it.
/// Times are seconds of one clock.
struct WatchedTrace {
  let path: String
  /// Seconds for which a wait must have been seen stuck before anything is done about it.
  private let patience: Double
  private var pulse: TracePulse
  private var state: TracePulse.State?
  private var lastChange: Double
  /// The state when the latest look began, and when it ended.
  private var seen: TracePulse.State?
  private var lookEnd: Double
  private var lookCost = 0.0
  /// Since when each wait of the latest look has been found stuck by every look.
  private var suspects: [String: Double] = [:]
  private var isConfirmed = true
  private var unsuspicious = 0

  /// A program that pauses for less is about to go on.
  private static let rest = 1.0
  /// A trace that costs this many seconds to read is not looked at while the program moves.
  private static let costLimit = 10.0
  /// Whoever runs, and merely for long, may come to an end.
  private static let busyPatience = 60.0

  init(path: String, patience: Double, now: Double) {
    self.path = path
    self.patience = patience
    pulse = TracePulse(path: path)
    (lastChange, lookEnd) = (now, now)
  }

  /// Whether it is time for a look.
  mutating func isDue(at now: Double) -> Bool {
    let new = pulse.read()
    if new != state {
      state = new
      lastChange = now
    }
    guard new != nil else { return false }
    // No more than a small part of a processor goes into looking.
    guard now - lookEnd >= max(Self.rest, lookCost * 10) else { return false }
    if hasMatured(at: now) || !isConfirmed { return true }
    guard state != seen else { return false }
    if now - lastChange >= Self.rest { return true }
    let pause = max(patience * 2, lookCost * 50) * Double(1 + min(unsuspicious, 6))
    return now - lookEnd >= pause && lookCost < Self.costLimit
  }

  /// The state when a look begins.
  mutating func begin() { seen = state }

  /// Takes note of what a look has found stuck; whether it has lasted for long enough to be sure.
  mutating func end(began: Double, now: Double, stuck: Set<String>) -> Bool {
    lookCost = now - began
    lookEnd = now
    // What was written meanwhile may have been read in part.
    let isExact = pulse.read() == seen
    var next: [String: Double] = [:]
    for wait in stuck { next[wait] = suspects[wait] ?? began }
    isConfirmed = isExact || stuck.isEmpty || stuck.contains { suspects[$0] != nil }
    unsuspicious = stuck.isEmpty ? unsuspicious + 1 : 0
    suspects = next
    return isConfirmed && hasMatured(at: now)
  }

  private func hasMatured(at now: Double) -> Bool {
    suspects.contains { now >= $0.value + limit($0.key) }
  }

  private func limit(_ wait: String) -> Double {
    wait.hasPrefix(Look.busy) ? max(patience, Self.busyPatience) : patience
  }
}
