import Glibc
import TraceFormat

/// Whatever bytes there are, as a trace: read, analyzed and drawn in every way. Nothing of it may trap, hang or
/// need memory without bounds.
///
/// The first byte says what the others are: events, or a file, whose checksums are made right before, so that
/// what is behind them gets read, too.
package enum FuzzEntry {
  package static func run(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    if first & 1 == 0 {
      Drawing.draw(EventMaker.trace(from: bytes.dropFirst()))
    } else {
      read(first & 2 == 0 ? FileRepair.repaired(bytes.dropFirst()) : Array(bytes.dropFirst()))
    }
  }

  /// From a file without a name.
  private static func read(_ bytes: [UInt8]) {
    var path = Array("/dev/shm/coroner.XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0 else { return }
    unlink(path)
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        write(descriptor, $0.baseAddress! + written, bytes.count - written)
      }
      guard count > 0 else { return }
      written += count
    }
    guard let trace = try? TraceReader(path: "/proc/self/fd/\(descriptor)") else { return }
    Drawing.draw(trace)
  }
}
