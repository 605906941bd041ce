package import TraceFormat

/// A span of time in three significant digits: "2.10 ms", "12.4 s", "16.7 min".
package func duration(_ nanoseconds: UInt64) -> String {
  let units: [(scale: Double, name: String, next: Double)] = [
    (1, "ns", 1000), (1e3, "µs", 1000), (1e6, "ms", 1000), (1e9, "s", 1000), (60e9, "min", 100),
    (3600e9, "h", 100), (86400e9, "d", .infinity),
  ]
  if nanoseconds == 0 { return "0 s" }
  for unit in units {
    let value = Double(nanoseconds) / unit.scale
    // What would be rounded up to the next unit is said in it.
    if value < unit.next - 0.5 {
      return (unit.scale == 1 ? "\(nanoseconds)" : threeDigits(value)) + " " + unit.name
    }
  }
  return "?"
}

/// "+2.10 ms": an instant since the trace began.
package func instant(_ time: TraceInstant) -> String { "+" + duration(time.nanoseconds) }

/// "1,204".
package func count(_ number: some BinaryInteger) -> String {
  let digits = String(number)
  var result = ""
  for (index, digit) in digits.enumerated() {
    if index > 0 && (digits.count - index) % 3 == 0 && digit != "-" { result.append(",") }
    result.append(digit)
  }
  return result
}

/// "1 task", "3 tasks".
package func count(_ number: some BinaryInteger, _ noun: String) -> String {
  count(number) + " " + noun + (number == 1 ? "" : "s")
}

private func threeDigits(_ value: Double) -> String {
  let decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
  let scale = [1.0, 10, 100][decimals]
  let scaled = Int((value * scale).rounded())
  if decimals == 0 { return count(scaled) }
  let fraction = String(scaled % Int(scale))
  let zeros = String(repeating: "0", count: decimals - fraction.count)
  return "\(scaled / Int(scale)).\(zeros)\(fraction)"
}
