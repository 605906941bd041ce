import TraceFormat

/// Times as a report says them: three significant digits.
enum Clock {
  /// "+2.10 ms"
  static func instant(_ instant: TraceInstant) -> String { "+" + duration(instant.nanoseconds) }

  /// "12.4 s"
  static func duration(_ nanoseconds: UInt64) -> String {
    let units: [(limit: UInt64, unit: Double, name: String)] = [
      (1_000, 1, "ns"), (1_000_000, 1e3, "us"), (1_000_000_000, 1e6, "ms"), (.max, 1e9, "s"),
    ]
    let (_, unit, name) = units.first { nanoseconds < $0.limit } ?? units[3]
    return digits(Double(nanoseconds) / unit) + " " + name
  }

  private static func digits(_ value: Double) -> String {
    let decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2
    let scale: [Double] = [1, 10, 100]
    let scaled = Int((value * scale[decimals]).rounded())
    guard decimals > 0 else { return "\(scaled)" }
    let whole = scaled / Int(scale[decimals])
    let fraction = String(scaled % Int(scale[decimals]))
    return "\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}
