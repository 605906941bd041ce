import Glibc

/// A program that we started, its standard output read by us.
struct ChildProcess {
  private(set) var process: pid_t
  private var output: Int32
  /// When it is no longer read from, on the monotonic clock.
  private var deadline: Double?

  /// - Parameter words: the program, looked up in PATH, and its arguments.
  /// - Parameter variables: what its environment has besides, or instead of, our own.
  init(_ words: [String], variables: [(name: String, value: String)] = []) throws {
    try self.init(words, variables: variables, input: nil)
  }

  /// - Parameter input: what it reads; it says nothing on standard error.
  /// - Parameter seconds: how long its output is read.
  init(_ words: [String], input: String, seconds: Double) throws {
    // A file, so that neither side waits for the other.
    guard let stream = tmpfile() else {
      throw Failure(message: "no input can be made: \(String(cString: strerror(errno)))")
    }
    defer { fclose(stream) }
    let file = fileno(stream)
    try FileWriter(descriptor: file, name: "input").write(input)
    lseek(file, 0, SEEK_SET)
    try self.init(words, variables: [], input: file)
    deadline = MonotonicClock.seconds() + seconds
  }

  private init(
    _ words: [String], variables: [(name: String, value: String)], input: Int32?
  ) throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw Failure(message: "no pipe can be made: \(String(cString: strerror(errno)))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let (child, refused) = Spawn.start(
      words, variables: variables, input: input, output: ends[1], isQuiet: input != nil)
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
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while answer.count < limit, hasOutput() {
      let count = Glibc.read(output, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      answer += buffer[..<count]
      if isEnough(String(decoding: answer, as: UTF8.self)) { break }
    }
    return String(decoding: answer, as: UTF8.self)
  }

  /// Waits until there is something to read, or its end; whether there is in time.
  private func hasOutput() -> Bool {
    guard let deadline else { return true }
    while true {
      var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      let count = poll(&descriptor, 1, Int32(max(0, (deadline - MonotonicClock.seconds()) * 1000)))
      if count < 0 && errno == EINTR { continue }
      return count > 0
    }
  }

  func kill() { _ = Glibc.kill(process, SIGKILL) }

  /// Waits until it has ended, and lets go of its output.
  func wait() {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    close(output)
  }
}
