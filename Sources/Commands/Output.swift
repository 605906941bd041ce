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
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw Failure(message: "'\(file)' cannot be written: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    try FileWriter(descriptor: descriptor, name: file).write(text)
  }
}

/// Writes a whole text or throws.
struct FileWriter {
  var descriptor: Int32
  var name: String

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
