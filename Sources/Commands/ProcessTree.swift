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
