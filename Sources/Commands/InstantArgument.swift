import ArgumentParser
import TraceFormat

/// An instant of a trace as the user writes it: "+2.19 ms", "2.19ms", "12.4s", "1min"; seconds where
/// no unit is given.
struct InstantArgument: ExpressibleByArgument {
  var instant: TraceInstant

  private static let units: [String: Double] = [
    "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "": 1e9, "min": 60e9, "h": 3600e9,
  ]

  init?(argument: String) {
    let text = argument.filter { $0 != " " && $0 != "+" }
    let number = text.prefix { $0.isNumber || $0 == "." }
    guard let value = Double(number), let unit = Self.units[String(text.dropFirst(number.count))],
      value * unit < Double(UInt64.max)
    else { return nil }
    instant = TraceInstant(nanoseconds: UInt64(value * unit))
  }
}
