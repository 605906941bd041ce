import Glibc

/// Starts programs.
enum Spawn {
  /// The number of the new process, or why it cannot be: an errno value.
  ///
  /// - Parameter words: the program, looked up in PATH, and its arguments.
  /// - Parameter variables: what its environment has besides, or instead of, our own.
  /// - Parameter input: what becomes its standard input; ours if nothing.
  /// - Parameter output: what becomes its standard output; ours if nothing.
  /// - Parameter isQuiet: whether what it writes to standard error goes nowhere.
  /// - Parameter mask: the signals that it begins with blocked; ours if nothing.
  static func start(
    _ words: [String], variables: [(name: String, value: String)] = [], input: Int32? = nil,
    output: Int32? = nil, isQuiet: Bool = false, mask: sigset_t? = nil
  ) -> (process: pid_t, refused: Int32) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input { posix_spawn_file_actions_adddup2(&actions, input, 0) }
    if isQuiet { posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) }
    if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    if var mask {
      posix_spawnattr_setsigmask(&attributes, &mask)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    }
    let environment = Self.environment(with: variables)
    var process: pid_t = 0
    let refused = withPointers(to: words) { words in
      withPointers(to: environment) { environment in
        posix_spawnp(&process, words[0] ?? strdup(""), &actions, &attributes, words, environment)
      }
    }
    return (process, refused)
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
