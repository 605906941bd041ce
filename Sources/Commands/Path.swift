import Glibc

/// Names of files, as text.
enum Path {
  static var currentFolder: String {
    guard let buffer = getcwd(nil, 0) else { return "/" }
    defer { free(buffer) }
    return String(cString: buffer)
  }

  static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : joined(currentFolder, path)
  }

  static func joined(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The folder that `path` is in; "/" for the root, "." where there is none.
  static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A program as a shell finds it: by its path, or by its name in PATH; nothing if it cannot be run.
  static func executable(_ program: String) -> String? {
    func canRun(_ path: String) -> Bool { access(path, X_OK) == 0 }
    if program.contains("/") { return canRun(program) ? program : nil }
    let folders = environment("PATH")?.split(separator: ":") ?? []
    return folders.lazy.map { joined(String($0), program) }.first(where: canRun)
  }

  /// The real file behind links; nothing if there is none.
  static func resolved(_ path: String) -> String? {
    guard let buffer = realpath(path, nil) else { return nil }
    defer { free(buffer) }
    return String(cString: buffer)
  }

  /// What a symbolic link leads to, as it says; nothing if it is none.
  static func target(ofLink path: String) -> String? {
    var bytes = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The last component.
  static func name(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }
}
