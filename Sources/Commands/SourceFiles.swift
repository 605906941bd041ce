import Glibc
import Synchronization

/// The one loader of source lines: relative names count from the current folder.
final class SourceFiles: Sendable {
  /// Files read so far; nothing for those that cannot be read.
  private let files = Mutex<[String: [String]?]>([:])

  /// Larger files are no source that a person wrote.
  private static let limit = 16 << 20

  /// The lines of a file, without their ends; nothing if it is no readable regular file.
  func lines(of file: String) -> [String]? {
    files.withLock { files in
      if let known = files[file] { return known }
      let lines = Self.read(file)
      files[file] = .some(lines)
      return lines
    }
  }

  private static func read(_ file: String) -> [String]? {
    // Not blocking: the name comes from the trace and may be that of a pipe.
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
      information.st_size <= limit
    else { return nil }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      if count < 0 { return nil }
      if count == 0 || bytes.count > limit { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
      .split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
  }
}
