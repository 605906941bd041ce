import Glibc

/// One of the process's output streams. All output goes through here, unbuffered, so that a report
/// is either written or its failure is known.
struct Console: Sendable {
  var descriptor: Int32
  static let standardOutput = Console(descriptor: 1)
  static let standardError = Console(descriptor: 2)

  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Whether escapes are wanted when the user has not said: on a terminal that understands them,
  /// unless NO_COLOR is set to anything.
  var wantsColor: Bool {
    guard isTerminal else { return false }
    if let none = environment("NO_COLOR"), !none.isEmpty { return false }
    return environment("TERM") != "dumb"
  }

  /// Writes everything; gives up silently only where nobody can read it any more.
  func write(_ text: some StringProtocol) {
    var text = String(text)
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let base = rest.baseAddress, !rest.isEmpty {
        let written = Glibc.write(descriptor, base, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          if self.descriptor == 1 {
            let reason = String(cString: strerror(errno))
            Console.standardError.write("error: standard output cannot be written: \(reason)\n")
            exit(Status.unreadableTrace.rawValue)
          }
          return
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
    }
  }
}

/// A variable of the environment; nothing if it is unset.
func environment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}
