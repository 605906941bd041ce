/// A Python interpreter on this machine.
struct Interpreter {
  var path: String

  /// The oldest version that can be recorded.
  static let oldest = (major: 3, minor: 9)

  /// Throws a failure if it does not run, is no CPython or is too old.
  func check() throws {
    let question = "import sys; v = sys.version_info; print(sys.implementation.name, v[0], v[1])"
    // Isolated, so that the question itself is never recorded.
    let child = try ChildProcess([path, "-I", "-c", question])
    let answer = child.read(limit: 4096).split(whereSeparator: \.isWhitespace).map(String.init)
    child.wait()
    guard answer.count == 3, let major = Int(answer[1]), let minor = Int(answer[2]) else {
      throw Failure(message: "'\(path)' does not answer as a Python interpreter does")
    }
    guard answer[0] == "cpython" else {
      throw Failure(message: "'\(path)' is \(answer[0]); only CPython can be recorded")
    }
    guard (major, minor) >= Self.oldest else {
      throw Failure(
        message: "'\(path)' is CPython \(major).\(minor); 3.9 and newer can be recorded")
    }
  }
}
