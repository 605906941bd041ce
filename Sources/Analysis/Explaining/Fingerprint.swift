import Findings
import TraceFormat

extension Finding {
  /// Tells the same fault in two runs: of kind and sites only.
  mutating func setFingerprint() {
    // Without what a function is within: older versions of Python do not tell it.
    var parts = marks.map { mark in
      let function = mark.site.function.split(separator: ".").last ?? ""
      return "\(Namer.place(mark.site)):\(function):\(mark.role)"
    }
    parts = Array(Set(parts)).sorted()
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in ([kind.rawValue] + parts).joined(separator: "|").utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    fingerprint = String(repeating: "0", count: 16 - digits.count) + digits
  }
}
