import Glibc

/// An open file and its size when it was opened.
final class TraceFile {
  let path: String
  let size: UInt64
  private let descriptor: Int32

  init(path: String) throws(TraceError) {
    self.path = path
    // A pipe without a writer would block.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT, ENOTDIR: throw .missing(path: path)
      case EACCES, EPERM: throw .notPermitted(path: path)
      default: throw .unreadable(path: path, reason: String(cString: strerror(errno)))
      }
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw .unreadable(path: path, reason: reason)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw .isDirectory(path: path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(path: path, reason: "it is not a regular file")
    }
    size = UInt64(clamping: status.st_size)
  }

  deinit { close(descriptor) }

  /// The bytes at an offset: fewer than asked for where the file ends or does not read.
  func read(at offset: UInt64, count: Int) -> [UInt8] {
    guard offset < size, count > 0 else { return [] }
    let wanted = Int(min(UInt64(count), size - offset))
    return [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      while filled < wanted {
        let got = pread(
          descriptor, buffer.baseAddress! + filled, wanted - filled, off_t(offset) + off_t(filled))
        if got < 0 && errno == EINTR { continue }
        guard got > 0 else { break }
        filled += got
      }
    }
  }
}

/// Reads numbers out of bytes, lowest byte first.
struct Bytes {
  let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  func u16(_ offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: number(offset, 2)) }
  func u32(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: number(offset, 4)) }
  func u64(_ offset: Int) -> UInt64 { number(offset, 8) }

  /// The caller has checked that the bytes are there.
  private func number(_ offset: Int, _ width: Int) -> UInt64 {
    var result: UInt64 = 0
    for index in (0..<width).reversed() { result = result << 8 | UInt64(bytes[offset + index]) }
    return result
  }
}
