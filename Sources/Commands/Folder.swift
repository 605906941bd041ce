import Glibc

enum Folder {
  /// What is in a folder, in no order; empty if it cannot be read.
  static func names(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  static func isOne(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
  }

  /// The traces in a folder, by name; what is no folder is one itself.
  static func traces(_ path: String) -> [String] {
    guard isOne(path) else { return [path] }
    return names(path).filter { $0.hasSuffix(".coroner") }.sorted()
      .map { Path.joined(path, $0) }
  }
}
