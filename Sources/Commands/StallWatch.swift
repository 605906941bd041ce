import Glibc
import TraceFormat

/// Looks at the traces of a running program and its children, from outside, for what is stuck in them.
struct StallWatch {
  /// What was found stuck.
  struct Stall {
    var process: pid_t
    var trace: String
    var report: String
  }

  /// The last component of the name that traces are given, as far as it is fixed.
  private let prefix: String
  private let suffix: String
  private let patience: Double
  private let color: ColorChoice
  private var traces: [ProcessTree.Member: WatchedTrace] = [:]
  private var reported: Set<ProcessTree.Member> = []
  private var look: RunningLook?

  /// - Parameter template: what traces are called, with its %p and %n.
  init(template: String, patience: Double, color: ColorChoice) {
    let parts = Path.name(template).split(separator: "%", omittingEmptySubsequences: false)
    prefix = String(parts.first ?? "")
    suffix = parts.count > 1 ? String(parts.last!.dropFirst()) : ""
    self.patience = patience
    self.color = color
  }

  /// To be called once a second or so, and when a child of ours has ended.
  mutating func check(root: pid_t) -> Stall? {
    if let running = look {
      guard let output = running.finished() else { return nil }
      look = nil
      return conclude(running, output)
    }
    let now = MonotonicClock.seconds()
    let members = ProcessTree.members(of: root)
    traces = traces.filter { members.contains($0.key) }
    for member in members where !reported.contains(member) {
      if traces[member] == nil, let path = trace(of: member.process) {
        traces[member] = WatchedTrace(path: path, patience: patience, now: now)
      }
      guard traces[member]?.isDue(at: now) == true else { continue }
      traces[member]!.begin()
      look = RunningLook(at: traces[member]!.path, of: member, began: now, color: color)
      return nil
    }
    return nil
  }

  private mutating func conclude(_ look: RunningLook, _ output: String) -> Stall? {
    guard traces[look.member] != nil else { return nil }
    let parts = output.split(separator: "\n", omittingEmptySubsequences: false)
    let stuck = Set(parts.prefix { !$0.isEmpty }.map(String.init))
    let isSure = traces[look.member]!.end(
      began: look.began, now: MonotonicClock.seconds(), stuck: stuck)
    guard isSure else { return nil }
    reported.insert(look.member)
    let report = parts.drop { !$0.isEmpty }.dropFirst().joined(separator: "\n")
    return Stall(process: look.member.process, trace: traces[look.member]!.path, report: report)
  }

  /// The trace that a process writes: a file that it has open under such a name.
  private func trace(of process: pid_t) -> String? {
    for descriptor in Folder.names("/proc/\(process)/fd") {
      guard let path = Path.target(ofLink: "/proc/\(process)/fd/\(descriptor)") else { continue }
      let name = Path.name(path)
      guard name.count >= prefix.count + suffix.count, name.hasPrefix(prefix),
        name.hasSuffix(suffix)
      else { continue }
      var pulse = TracePulse(path: path)
      if pulse.read()?.process == UInt32(process) { return path }
    }
    return nil
  }
}

/// A look that is under way in a process of its own.
private struct RunningLook {
  let member: ProcessTree.Member
  let began: Double
  private let process: pid_t
  private let output: Int32

  /// Nothing if it cannot be started.
  init?(at trace: String, of member: ProcessTree.Member, began: Double, color: ColorChoice) {
    self.member = member
    self.began = began
    guard let file = try? TemporaryFile() else { return nil }
    output = file.descriptor
    let words = ["/proc/self/exe", "look", "--color", color.rawValue, "--", trace]
    var none = sigset_t()
    sigemptyset(&none)
    // The tool is a program, too: it must not be recorded.
    let (process, refused) = Spawn.start(
      words, variables: [("CORONER_TRACE", "")], output: output, mask: none)
    self.process = process
    guard refused == 0 else {
      close(output)
      return nil
    }
  }

  /// What it wrote, once it has ended; empty if it failed.
  func finished() -> String? {
    var status: Int32 = 0
    guard waitpid(process, &status, WNOHANG) != 0 else { return nil }
    defer { close(output) }
    guard status == 0 else { return "" }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = pread(output, &chunk, chunk.count, off_t(bytes.count))
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
