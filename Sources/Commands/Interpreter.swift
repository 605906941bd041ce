import Glibc

/// A Python interpreter on this machine.
struct Interpreter {
  var path: String

  /// The oldest version that can be recorded.
  static let oldest = (major: 3, minor: 9)

  /// Throws a failure if it does not run, is no CPython or is too old.
  func check() throws {
    let question =
      "import sys; v = sys.version_info; print(sys.implementation.name, v[0], v[1])"
    let answer = try ask(question).split(whereSeparator: \.isWhitespace).map(String.init)
    guard answer.count == 3, let major = Int(answer[1]), let minor = Int(answer[2]) else {
      throw Failure(message: "'\(path)' does not answer like a Python interpreter")
    }
    guard answer[0] == "cpython" else {
      throw Failure(message: "'\(path)' is \(answer[0]); only CPython can be recorded")
    }
    guard (major, minor) >= Self.oldest else {
      throw Failure(
        message: "'\(path)' is CPython \(major).\(minor); 3.9 and newer can be recorded")
    }
  }

  /// What a one-line program prints; without the variables that would record it.
  private func ask(_ program: String) throws -> String {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw Failure(message: "no pipe: \(String(cString: strerror(errno)))")
    }
    let words = [path, "-I", "-c", program]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    var child: pid_t = 0
    let refused = posix_spawnp(&child, path, &actions, nil, &arguments, environ)
    close(ends[1])
    defer { close(ends[0]) }
    guard refused == 0 else {
      throw Failure(message: "'\(path)' cannot be run: \(String(cString: strerror(refused)))")
    }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 256)
    while true {
      let count = read(ends[0], &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 || answer.count > 4096 { break }
      answer += buffer[..<count]
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    return String(decoding: answer, as: UTF8.self)
  }
}
