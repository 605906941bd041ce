import Glibc

/// A program that we started, its standard output read by us.
struct ChildProcess {
  private(set) var process: pid_t
  private var output: Int32

  /// - Parameter words: the program, looked up in PATH, and its arguments.
  /// - Parameter variables: what its environment has besides, or instead of, our own.
  init(_ words: [String], variables: [(name: String, value: String)] = []) throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw Failure(message: "no pipe can be made: \(String(cString: strerror(errno)))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    let environment = Self.environment(with: variables)
    let program = words.first ?? ""
    var child: pid_t = 0
    let refused = Self.withPointers(to: words) { words in
      Self.withPointers(to: environment) { environment in
        posix_spawnp(&child, program, &actions, nil, words, environment)
      }
    }
    close(ends[1])
    process = child
    output = ends[0]
    guard refused == 0 else {
      close(output)
      throw Failure(
        message: "'\(program)' cannot be run: \(String(cString: strerror(refused)))")
    }
  }

  /// What it writes until it closes its output, `limit` bytes are there, or `isEnough` of them.
  func read(limit: Int, until isEnough: (String) -> Bool = { _ in false }) -> String {
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1024)
    while answer.count < limit {
      let count = Glibc.read(output, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      answer += buffer[..<count]
      if isEnough(String(decoding: answer, as: UTF8.self)) { break }
    }
    return String(decoding: answer, as: UTF8.self)
  }

  func kill() { _ = Glibc.kill(process, SIGKILL) }

  /// Waits until it has ended, and lets go of its output.
  func wait() {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    close(output)
  }

  private static func environment(with variables: [(name: String, value: String)]) -> [String] {
    var result: [String] = []
    var place = environ
    while let entry = place.pointee {
      let text = String(cString: entry)
      let name = String(text.prefix { $0 != "=" })
      if !variables.contains(where: { $0.name == name }) { result.append(text) }
      place += 1
    }
    return result + variables.map { "\($0.name)=\($0.value)" }
  }

  /// The words as C has them, ended by a null pointer; they live as long as `body` runs.
  private static func withPointers<Result>(
    to words: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = words.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
