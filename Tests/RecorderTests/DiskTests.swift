import Foundation
import Testing
import TraceABI

/// What the program sees, and what the trace says, when the disk fails, or what the recorder needs besides.
@Suite struct `a program whose disk fails` {
  let folder: String

  init() throws { folder = try Driver.temporaryFolder() }

  private func driver() throws -> String {
    try Driver.compile(["Tests/Drivers/disk_driver.c"], ["-rdynamic"])
  }

  /// What it printed: events, the longest time that one took in ms, calls to the disk of its own threads.
  private struct Outcome {
    var events = 0, longest = 0, calls = 0
    init(_ result: Driver.Result) throws {
      let numbers = result.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
      try #require(numbers.count == 3 && result.status == 0 && !result.wasKilled, "\(result)")
      #expect(result.errors == "")
      (events, longest, calls) = (numbers[0], numbers[1], numbers[2])
    }
  }

  private func run(_ mode: String, limit: String? = nil) throws -> (Outcome, RawTrace) {
    var settings = ["CORONER_TRACE": folder + "/trace"]
    settings["CORONER_LIMIT"] = limit
    let result = try Driver.run(try driver(), [try Driver.library(), mode], settings)
    return (try Outcome(result), try RawTrace(path: folder + "/trace"))
  }

  /// Runs a program that mounts, in a namespace of its own; `disk` in the environment is an empty folder.
  private func inNamespace(_ script: String, mode: String = "count") throws -> Driver.Result {
    let disk = folder + "/disk"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    return try Driver.run(
      "/usr/bin/env",
      ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, try driver()]
        + [try Driver.library(), mode],
      ["CORONER_TRACE": disk + "/trace", "disk": disk, "kept": folder + "/trace"])
  }

  private static let mayMount: Bool =
    (try? Driver.run(
      "/usr/bin/env",
      ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]))?
    .status == 0

  private func recorded(_ trace: RawTrace) -> Int {
    trace.events.values.reduce(0) { $0 + $1.values.count { $0.kind == 22 } }
  }

  /// Of the threads that had a buffer from the beginning to the end, all that is missing is counted.
  private func expectCounted(_ outcome: Outcome, _ trace: RawTrace) {
    #expect(recorded(trace) + Int(trace.header.lost_events) >= outcome.events)
    #expect(recorded(trace) > 0)
  }

  @Test func `its threads make no call to the disk`() throws {
    let (outcome, trace) = try run("count")
    #expect(outcome.calls == 0)
    #expect(recorded(trace) == outcome.events && trace.header.lost_events == 0)
  }

  @Test(.enabled(if: mayMount, "may not mount here"))
  func `that is full from the first byte is not recorded`() throws {
    let result = try inNamespace(
      "mount -t tmpfs -o size=64k tmpfs $disk; exec \"$0\" \"$@\"")
    #expect(result.status == 3, "\(result)")
    #expect(result.errors == "coroner: not recording: no space for \(folder)/disk/trace\n")
  }

  @Test(.enabled(if: mayMount, "may not mount here"))
  func `that becomes full loses what it counts`() throws {
    let result = try inNamespace(
      "mount -t tmpfs -o size=1536k tmpfs $disk; \"$0\" \"$@\"; s=$?; cp $disk/trace $kept; exit $s",
      mode: "fill")
    let outcome = try Outcome(result)
    let trace = try RawTrace(path: folder + "/trace")
    #expect(outcome.calls == 0)
    #expect(trace.header.lost_events > 0)
    #expect(trace.bytes.count <= 1536 << 10)
    expectCounted(outcome, trace)
  }

  @Test(.enabled(if: mayMount, "may not mount here"))
  func `that is read-only is not recorded`() throws {
    let result = try inNamespace("mount -t tmpfs -o ro tmpfs $disk; exec \"$0\" \"$@\"")
    #expect(result.status == 3, "\(result)")
    #expect(
      result.errors
        == "coroner: not recording: cannot write \(folder)/disk/trace: Read-only file system\n")
  }

  /// A quota answers as a full disk does, at any time.
  @Test(arguments: [nil, "4M"])
  func `whose quota is used up goes on when there is room again`(limit: String?) throws {
    let (outcome, trace) = try run("quota", limit: limit)
    #expect(outcome.calls == 0)
    if limit == nil { expectCounted(outcome, trace) }
    #expect(trace.numbers(ofThread: 9).suffix(1) == [19999])
    #expect(trace.header.clean_end == 1)
  }

  @Test(arguments: [nil, "4M"])
  func `that hangs is not waited for`(limit: String?) throws {
    let (outcome, trace) = try run("hang", limit: limit)
    #expect(outcome.calls == 0)
    #expect(outcome.longest < 500, "a wait for a buffer is 2 ms; the rest is a busy machine")
    if limit == nil { expectCounted(outcome, trace) }
    #expect(trace.numbers(ofThread: 9).suffix(1) == [19999])
    #expect(trace.header.clean_end == 1)
  }

  @Test(arguments: ["hung", "killed"])
  func `may end without its drain thread`(mode: String) throws {
    let (outcome, trace) = try run(mode)
    #expect(outcome.calls == 0)
    #expect(outcome.longest < 500)
    #expect(trace.header.clean_end == 0)
    expectCounted(outcome, trace)
    #expect(recorded(trace) >= 200_000)
  }

  @Test func `has the same times whatever the wall clock says`() throws {
    let before = Date.now.timeIntervalSince1970
    let (_, trace) = try run("clock")
    let start = Double(trace.header.wall_start_ns) / 1e9
    #expect(start >= before - 1 && start <= Date.now.timeIntervalSince1970 + 1)
    #expect(trace.numbers(ofThread: 0) == Array(0..<30000))
    let ns = trace.header.monotonic_last_ns - trace.header.monotonic_start_ns
    let rate = Double(trace.header.tick_last) / Double(ns) * 1e9
    for events in trace.events.values {
      let times = events.sorted { $0.key < $1.key }.map(\.value.time)
      #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
      #expect(Double(times.last! - times.first!) / rate < 60)
    }
  }

  /// A group of processes with little memory; nothing where that cannot be made.
  private static let group: String? = {
    let name = "/coroner-\(getpid())"
    for root in ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"] {
      for (file, value) in [("memory.limit_in_bytes", "64M"), ("memory.max", "64M")] {
        let path = root + name
        guard FileManager.default.fileExists(atPath: root + "/cgroup.procs") else { continue }
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        let limit = path + "/" + file
        if FileManager.default.fileExists(atPath: limit),
          (try? value.write(toFile: limit, atomically: false, encoding: .utf8)) != nil
        {
          return path
        }
        rmdir(path)
      }
    }
    return nil
  }()

  @Test(.enabled(if: group != nil, "no group of processes with a limit of memory can be made"))
  func `that the kernel kills for want of memory loses nothing`() throws {
    let group = try #require(Self.group)
    defer { rmdir(group) }
    let progress = folder + "/progress"
    try Data(count: 4096).write(to: URL(fileURLWithPath: progress))
    let result = try Driver.run(
      "/bin/sh",
      [
        "-c", "echo $$ > \(group)/cgroup.procs && exec \"$0\" \"$@\"", try driver(),
        try Driver.library(), "oom", progress,
      ], ["CORONER_TRACE": folder + "/trace"])
    #expect(result.wasKilled && result.status == SIGKILL, "\(result)")
    let done = [UInt8](try Data(contentsOf: URL(fileURLWithPath: progress))).u64(0)
    let numbers = try RawTrace(path: folder + "/trace").numbers(ofThread: 0)
    #expect(done > 10000)
    #expect(numbers == Array(0..<UInt64(numbers.count)))
    #expect(UInt64(numbers.count) >= done && UInt64(numbers.count) <= done + 1)
  }
}
