import Glibc

/// A folder of our own for a moment.
struct TemporaryFolder {
  /// Its real name, without links.
  var path: String

  static var parent: String { environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp" }

  init() throws {
    let parent = Self.parent
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
    for name in Folder.names(path) { unlink(Path.joined(path, name)) }
    rmdir(path)
  }
}

/// A file of our own without a name; it is gone when it is closed.
struct TemporaryFile {
  var descriptor: Int32

  init() throws {
    var template = Array(Path.joined(TemporaryFolder.parent, "coroner.XXXXXX").utf8CString)
    descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      throw Failure(message: "no file can be made: \(String(cString: strerror(errno)))")
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
  }
}
