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
    let (child, refused) = Spawn.start(words, variables: variables, output: ends[1])
    close(ends[1])
    process = child
    output = ends[0]
    guard refused == 0 else {
      close(output)
      throw Failure(
        message: "'\(words.first ?? "")' cannot be run: \(String(cString: strerror(refused)))")
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
}
