import Glibc

/// What an ELF file says about itself. Whatever is in it, reading it only fails.
struct BinaryFile {
  /// As the linker wrote it; empty if it did not.
  private(set) var buildID: [UInt8] = []
  /// Whether it knows source lines.
  private(set) var hasLines = false
  /// Seconds since 1970 when it was last written.
  private(set) var modified: Int

  /// Nothing if it cannot be read, or is no ELF file of 64 bits and our byte order.
  init?(path: String) {
    // A pipe without a writer would block.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    modified = Int(status.st_mtim.tv_sec)
    let header = Self.read(descriptor, at: 0, count: 64)
    guard header.count == 64, header.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else {
      return nil
    }
    let sections = Self.sections(descriptor, header)
    hasLines = sections.contains { $0.name == ".debug_line" || $0.name == ".zdebug_line" }
    for section in sections where section.isNotes && buildID.isEmpty {
      let notes = Self.read(
        descriptor, at: section.offset, count: min(section.size, Self.noteLimit))
      buildID = Self.buildID(in: notes)
    }
  }

  private struct Section {
    var name: String
    var isNotes: Bool
    var offset: Int
    var size: Int
  }

  private static let noteLimit = 1 << 16
  private static let namesLimit = 1 << 20

  /// The sections whose content is in the file.
  private static func sections(_ descriptor: Int32, _ header: [UInt8]) -> [Section] {
    let entrySize = 64
    let (offset, count) = (number(header, 40, 8), number(header, 60, 2))
    let namesIndex = number(header, 62, 2)
    guard number(header, 58, 2) == entrySize, namesIndex < count else { return [] }
    let table = read(descriptor, at: offset, count: count * entrySize)
    guard table.count == count * entrySize else { return [] }
    let names = read(
      descriptor, at: number(table, namesIndex * entrySize + 24, 8),
      count: min(number(table, namesIndex * entrySize + 32, 8), namesLimit))
    return (0..<count).compactMap { index in
      let entry = index * entrySize
      let (kind, notes, absent) = (number(table, entry + 4, 4), 7, 8)
      guard kind != absent else { return nil }
      let name = names.dropFirst(number(table, entry, 4)).prefix { $0 != 0 }
      return Section(
        name: String(decoding: name, as: UTF8.self), isNotes: kind == notes,
        offset: number(table, entry + 24, 8), size: number(table, entry + 32, 8))
    }
  }

  private static func buildID(in notes: [UInt8]) -> [UInt8] {
    var at = 0
    while at + 12 <= notes.count {
      let (nameSize, size, kind) = (
        number(notes, at, 4), number(notes, at + 4, 4), number(notes, at + 8, 4)
      )
      let name = at + 12
      let content = name + (nameSize + 3) / 4 * 4
      guard content + size <= notes.count else { return [] }
      if kind == 3, notes[name..<(name + nameSize)].elementsEqual(Array("GNU\0".utf8)) {
        return Array(notes[content..<(content + size)])
      }
      at = content + (size + 3) / 4 * 4
    }
    return []
  }

  /// Lowest byte first; no more than fits.
  private static func number(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> Int {
    var result: UInt64 = 0
    for index in (0..<width).reversed() { result = result << 8 | UInt64(bytes[offset + index]) }
    return Int(clamping: result)
  }

  private static func read(_ descriptor: Int32, at offset: Int, count: Int) -> [UInt8] {
    guard count > 0, offset >= 0, offset < 1 << 48 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = pread(
          descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
        if got < 0 && errno == EINTR { continue }
        guard got > 0 else { break }
        filled += got
      }
    }
  }
}
