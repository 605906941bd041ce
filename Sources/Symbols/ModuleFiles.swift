package import TraceFormat

/// Where the files are whose code a program ran.
package struct ModuleFiles: Sendable {
  /// Folders to look into before the paths that the trace names.
  package var folders: [String]
  package init(folders: [String] = []) { self.folders = folders }

  package enum Place: Equatable, Sendable {
    /// This file is the one.
    case found(String)
    /// The file has no build id, and was written after the recording began.
    case maybe(String)
    /// There is a file of that name, but it is another build.
    case differs(String)
    case missing
  }

  /// - Parameter recorded: seconds since 1970 when the recording began.
  package func place(of module: Module, recorded: Int) -> Place {
    var other: String?
    var withoutLines: String?
    for path in candidates(module) {
      guard let file = BinaryFile(path: path) else { continue }
      if file.buildID != module.buildID {
        other = other ?? path
      } else if !file.hasLines {
        // Its debug information may lie elsewhere.
        withoutLines = withoutLines ?? path
      } else {
        return sure(path, file, module, recorded)
      }
    }
    if let path = withoutLines, let file = BinaryFile(path: path) {
      return sure(path, file, module, recorded)
    }
    return other.map { .differs($0) } ?? .missing
  }

  private func sure(
    _ path: String, _ file: BinaryFile, _ module: Module, _ recorded: Int
  ) -> Place {
    // Without a build id, only time can tell. What was given to us on purpose may be a copy.
    module.buildID.isEmpty && path == module.path && file.modified > recorded
      ? .maybe(path) : .found(path)
  }

  private func candidates(_ module: Module) -> [String] {
    guard !module.path.isEmpty, !module.path.contains("\0") else { return [] }
    var paths: [String] = []
    let id = hexadecimal(module.buildID)
    let debugFile = id.count > 2 ? "\(id.prefix(2))/\(id.dropFirst(2)).debug" : nil
    for folder in folders {
      if let debugFile { paths += [folder + "/.build-id/" + debugFile, folder + "/" + debugFile] }
      paths += [
        folder + "/" + module.name, folder + "/" + module.name + ".debug", folder + module.path,
        folder,
      ]
    }
    if module.path.hasPrefix("/") { paths.append(module.path) }
    if let debugFile { paths.append("/usr/lib/debug/.build-id/" + debugFile) }
    return paths
  }
}
