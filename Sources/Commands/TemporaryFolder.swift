import Glibc

/// A folder of our own for a moment.
struct TemporaryFolder {
  /// Its real name, without links.
  var path: String

  init() throws {
    let parent = environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array((Path.joined(parent, "coroner.XXXXXX")).utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure(
        message: "no folder can be made in '\(parent)': \(String(cString: strerror(errno)))")
    }
    let name = template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let made = String(decoding: name, as: UTF8.self)
    path = Path.resolved(made) ?? made
  }

  /// Removes it with the files in it; it has no folders but those that Python caches into.
  func remove() {
    guard let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { unlink(Path.joined(path, name)) }
    }
    closedir(folder)
    rmdir(path)
  }
}
