import ArgumentParser
import Glibc

/// Where a command's result goes, and whether it is coloured.
struct Output: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file"))
  var file: String?

  func write(_ text: String) throws {
    guard let file else { return Console.standardOutput.write(text) }
    try FileWriter.write(text, to: file, O_TRUNC, 0o644)
  }
}

/// Writes a whole text or throws.
struct FileWriter {
  var descriptor: Int32
  var name: String

  /// Into a file that is made if there is none; `flag` says what becomes of one that there is.
  static func write(_ text: String, to file: String, _ flag: Int32, _ mode: mode_t) throws {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | flag, mode)
    guard descriptor >= 0 else {
      throw Failure(message: "'\(file)' cannot be written: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    try Self(descriptor: descriptor, name: file).write(text)
  }

  func write(_ text: String) throws {
    var text = text
    let refused: Int32 = text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let base = rest.baseAddress, !rest.isEmpty {
        let written = Glibc.write(descriptor, base, rest.count)
        if written < 0 && errno == EINTR { continue }
        if written < 0 { return errno }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
      return 0
    }
    if refused != 0 {
      throw Failure(message: "'\(name)' cannot be written: \(String(cString: strerror(refused)))")
    }
  }
}

enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never

  /// Whether escapes are wanted in a result that goes to `file`, or to standard output.
  func isOn(file: String?) -> Bool {
    switch self {
    case .always: true
    case .never: false
    case .auto: file == nil && Console.standardOutput.wantsColor
    }
  }
}
