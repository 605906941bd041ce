import Glibc

/// Processes as the kernel shows them under /proc.
enum ProcessTree {
  /// One life of a process: its number may be used again.
  struct Member: Hashable {
    var process: pid_t
    /// When it was started, in the kernel's ticks.
    var started: String
  }

  /// A process and all that it started and that live, parents first.
  static func members(of root: pid_t) -> [Member] {
    var result: [Member] = []
    var pending = [root]
    var seen: Set<pid_t> = []
    while let process = pending.popLast() {
      guard seen.insert(process).inserted, let member = member(process) else { continue }
      result.append(member)
      for thread in Folder.names("/proc/\(process)/task") {
        let children = text("/proc/\(process)/task/\(thread)/children")
        pending += children.split(separator: " ").compactMap { pid_t($0) }
      }
    }
    return result
  }

  static func isAlive(_ member: Member) -> Bool { self.member(member.process) == member }

  /// Nothing if there is none, or it has ended and only waits to be asked for its status.
  private static func member(_ process: pid_t) -> Member? {
    let line = text("/proc/\(process)/stat")
    // The name before it may hold anything, also parentheses and spaces.
    guard let name = line.lastIndex(of: ")") else { return nil }
    let fields = line[name...].split(separator: " ")
    guard fields.count > 20, fields[1] != "Z", fields[1] != "X" else { return nil }
    return Member(process: process, started: String(fields[20]))
  }

  private static func text(_ file: String) -> String {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
  }
}

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
