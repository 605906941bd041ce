import Glibc

/// Where the parts that are loaded into other programs lie.
struct Installation {
  /// The folder `lib/coroner`: of the prefix that this executable is in, or as CORONER_HOME says.
  var home: String

  var recorder: String { home + "/libcoroner.so" }
  /// What is preloaded: records programs in Swift, and lets those in Python load their probe.
  var swiftProbe: String { home + "/libcoroner-swift.so" }
  /// What PYTHONPATH must begin with.
  var pythonPath: String { home + "/python" }

  /// Throws a failure that names what is missing, when the installation is not whole.
  static func find() throws -> Installation {
    let installation: Installation
    if let home = environment("CORONER_HOME"), !home.isEmpty {
      installation = Installation(home: Path.absolute(home))
    } else {
      let executable = Path.resolved("/proc/self/exe") ?? ""
      let prefix = Path.parent(Path.parent(executable))
      installation = Installation(home: prefix + "/lib/coroner")
    }
    let needed = [
      installation.recorder, installation.swiftProbe, installation.pythonPath + "/sitecustomize.py",
      installation.pythonPath + "/coroner_asyncio/_coroner_probe.so",
    ]
    for file in needed where access(file, R_OK) != 0 {
      throw Failure(
        message: "the recorder is not installed beside this tool: '\(file)' cannot be read",
        help: ["run 'make' or 'make install', or let CORONER_HOME name the folder lib/coroner"])
    }
    return installation
  }

  /// The variables that switch recording on, in the order in which they are set.
  ///
  /// - Parameter output: the trace; relative names are made absolute, because the program may
  ///   change its folder before it first records.
  func variables(
    output: String, stall: Double?, limit: String? = nil, locks: Bool = false
  ) -> [(name: String, value: String)] {
    let others = environment("PYTHONPATH").map { $0.split(separator: ":").map(String.init) } ?? []
    let path = [pythonPath] + others.filter { $0 != pythonPath }
    var variables = [("CORONER_TRACE", Path.absolute(output))]
    if let stall { variables.append(("CORONER_STALL", "\(stall)")) }
    if locks { variables.append(("CORONER_LOCKS", "1")) }
    if let limit { variables.append(("CORONER_LIMIT", limit)) }
    variables.append(("PYTHONPATH", path.joined(separator: ":")))
    // The loader has no way to name a file with one of these in its path.
    if !swiftProbe.contains(where: { ": ".contains($0) }) {
      let others = environment("LD_PRELOAD")?.split { ": ".contains($0) }.map(String.init) ?? []
      let libraries = [swiftProbe] + others.filter { $0 != swiftProbe }
      variables.append(("LD_PRELOAD", libraries.joined(separator: ":")))
    }
    // A program whose address sanitizer is a library wants it to come first, and would end at its start.
    let sanitizer = environment("ASAN_OPTIONS")?.split(separator: ":").map(String.init) ?? []
    let allowed = "verify_asan_link_order=0"
    variables.append(
      ("ASAN_OPTIONS", (sanitizer.filter { $0 != allowed } + [allowed]).joined(separator: ":")))
    return variables
  }
}
