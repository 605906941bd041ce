import CPlatform

/// What the environment asks of the recorder.
struct Settings {
  /// Where the trace goes; `%p` stands for the process, `%n` for the program, `%%` for `%`.
  var template: UnsafePointer<CChar>
  /// How large the trace may become, in bytes; 0: as large as it will.
  var limit: UInt64 = 0

  /// Reads the settings; nothing if none asks for a recording or one of them makes no sense, which is
  /// then said on standard error.
  static func read() -> Settings? {
    guard let template = platform_setting(cString("CORONER_TRACE")) else { return nil }
    if platform_is_privileged() {
      complain("not recording: the program runs with rights that its starter has not")
      return nil
    }
    if let stall = platform_setting(cString("CORONER_STALL")), !isSeconds(stall) {
      complain("not recording: CORONER_STALL is not a number of seconds: ", stall)
      return nil
    }
    var settings = Settings(template: template)
    if let text = platform_setting(cString("CORONER_LIMIT")) {
      guard let limit = bytes(text), limit >= Ring.least else {
        complain("not recording: CORONER_LIMIT is not a size of 4M or more, such as 256M: ", text)
        return nil
      }
      settings.limit = limit
    }
    return settings
  }

  /// A number of bytes, or of KiB, MiB or GiB with K, M or G behind it.
  private static func bytes(_ text: UnsafePointer<CChar>) -> UInt64? {
    var number: UInt64 = 0
    var i = 0
    while text[i] >= 0x30, text[i] <= 0x39, i < 15 {
      number = number &* 10 &+ UInt64(text[i] &- 0x30)
      i &+= 1
    }
    guard i > 0, number < 1 << 40 else { return nil }
    switch UInt8(bitPattern: text[i]) {
    case 0: return number
    case 0x4b: number <<= 10
    case 0x4d: number <<= 20
    case 0x47: number <<= 30
    default: return nil
    }
    return text[i &+ 1] == 0 && number < 1 << 44 ? number : nil
  }

  /// Whether the text is a decimal number, such as 5 or 0.25.
  private static func isSeconds(_ text: UnsafePointer<CChar>) -> Bool {
    var digits = 0
    var points = 0
    var i = 0
    while text[i] != 0 {
      switch UInt8(bitPattern: text[i]) {
      case 0x30...0x39: digits &+= 1
      case 0x2e: points &+= 1
      default: return false
      }
      i &+= 1
    }
    return digits > 0 && digits < 10 && points < 2
  }
}

/// The path of a trace, made from its template.
struct TracePath {
  static let capacity = 4096

  /// Writes the path, zero-terminated, into `path`, which has room for `capacity` bytes.
  /// Nothing if it does not fit; otherwise whether the template names the process.
  static func expand(
    _ template: UnsafePointer<CChar>, program: UnsafePointer<CChar>, process: UInt32,
    into path: UnsafeMutablePointer<CChar>
  ) -> Bool? {
    var length = 0
    var namesProcess = false
    func append(_ byte: CChar) {
      if length < capacity { path[length] = byte }
      length &+= 1
    }
    var i = 0
    while template[i] != 0 {
      let byte = template[i]
      i &+= 1
      guard byte == percent else {
        append(byte)
        continue
      }
      switch template[i] {
      case percent: append(percent)
      case 0x70:  // p
        namesProcess = true
        var divisor: UInt32 = 1
        while process / divisor >= 10 { divisor &*= 10 }
        while divisor > 0 {
          append(CChar(truncatingIfNeeded: 0x30 &+ process / divisor % 10))
          divisor /= 10
        }
      case 0x6e:  // n
        var j = baseName(program)
        while program[j] != 0 {
          append(program[j])
          j &+= 1
        }
      default:
        append(byte)
        continue
      }
      i &+= 1
    }
    guard length < capacity else { return nil }
    path[length] = 0
    return namesProcess
  }

  private static var percent: CChar { 0x25 }

  /// The offset at which the last component of a path begins.
  private static func baseName(_ path: UnsafePointer<CChar>) -> Int {
    var start = 0
    var i = 0
    while path[i] != 0 {
      if path[i] == 0x2f, path[i &+ 1] != 0 { start = i &+ 1 }
      i &+= 1
    }
    return start
  }
}

/// A literal as C sees it.
func cString(_ literal: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// Says on standard error, in one line, why nothing is recorded.
func complain(
  _ what: StaticString, _ detail: UnsafePointer<CChar>? = nil, _ rest: StaticString = "",
  error: Int32 = 0
) {
  platform_complain(cString(what), detail ?? cString(""), cString(rest), error)
}
