import Foundation
import Glibc
import Testing

/// What the probe finds out about who can reach what is waited for, in a program that has a task or a
/// thread for each way in which a thing can be held.
@Suite(.enabled(if: Distribution.isStaged, "\(Distribution.howToStage)"))
struct SnapshotTests {
  private static let program = Package.root.appending(path: "Tests/Programs/waits.py").path

  @Test(arguments: Interpreter.installed)
  func whoCanReachWhatIsWaitedFor(_ python: Interpreter) async throws {
    let snapshot = try await snapshot(of: Self.program, with: python)
    #expect(snapshot.waits.count > 35)
    for (name, things) in snapshot.waits.sorted(by: { $0.key < $1.key }) {
      let referrers = things.compactMap { snapshot.referrers[$0] }
      switch name.prefix(while: { $0 != "_" }) {
      // Up to 3.10 the stacks of frames that wait cannot be told, in 3.11 not the arguments of a thread.
      case "orphan"
      where name.hasPrefix("orphan_thread") && python.version < PythonVersion(minor: 12):
        break
      case "orphan":
        #expect(!referrers.isEmpty && referrers.allSatisfy(\.isEmpty), "\(name): \(referrers)")
      case let kind where ["root", "descriptor", "timer", "task"].contains(kind):
        #expect(referrers.contains { $0.contains(String(kind)) }, "\(name): \(referrers)")
      case "peer":
        let kind = String(name.dropFirst(5))
        #expect(
          things.contains { snapshot.otherEnds(of: $0).contains(kind) }, "\(name): \(referrers)")
      default: break
      }
    }
  }

  @Test func aSignalAsksForASnapshot() async throws {
    let python = try #require(Interpreter.installed.last)
    // Those that start processes may block signals.
    let text = """
      import asyncio, signal
      signal.pthread_sigmask(signal.SIG_SETMASK, [])
      print('hung', flush=True)
      asyncio.run(asyncio.sleep(3600))
      """
    let folder = try TemporaryFolder()
    let file = folder.path("program.py")
    try Data(text.utf8).write(to: URL(filePath: file))
    let snapshot = try await snapshot(
      of: file, with: python, settings: ["CORONER_SIGNAL": "USR2", "CORONER_STALL": "1000"],
      asking: SIGUSR2)
    #expect(snapshot.reason == "signal")
  }

  private static func isThread(_ function: String) -> Bool { function.contains("_thread_") }

  private struct Snapshot {
    var reason: String?
    /// What each named task, and each thread by its function, waits for.
    var waits: [String: Set<String>] = [:]
    /// Kinds of those that can reach a thing.
    var referrers: [String: [String]] = [:]
    /// By thing, the descriptors that can reach it, and by these their other ends.
    var descriptors: [String: [UInt64]] = [:]
    var peers: [UInt64: UInt64] = [:]
    var isComplete = false

    /// Kinds of those that can reach the other ends of what a thing is read from.
    func otherEnds(of thing: String) -> [String] {
      descriptors[thing, default: []].flatMap { descriptor -> [String] in
        guard let peer = peers[descriptor] else { return [] }
        return referrers["0x" + String(peer | 1 << 63, radix: 16), default: []]
      }
    }
  }

  /// Runs a program until the trace holds a complete snapshot, and kills it.
  private func snapshot(
    of program: String, with python: Interpreter,
    settings: [String: String] = ["CORONER_STALL": "1"],
    asking signal: Int32? = nil
  ) async throws -> Snapshot {
    let folder = try TemporaryFolder()
    let trace = folder.path("trace.coroner")
    let process = try Command.start(
      Distribution.coroner, ["record", "--output", trace, "--", python.path, program], in: folder,
      environment: settings)
    defer {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    for _ in 0..<60 {
      try await Task.sleep(for: .milliseconds(500))
      guard folder.text("output").contains("hung\n") else { continue }
      if let signal { kill(process.processIdentifier, signal) }
      let events = try await Command.run(Distribution.coroner, ["events", trace])
      let snapshot = read(events.output)
      if snapshot.isComplete { return snapshot }
    }
    throw RecordingError(message: "no snapshot was complete: \(folder.text("error"))")
  }

  private func read(_ lines: String) -> Snapshot {
    var snapshot = Snapshot()
    var names: [String: String] = [:]
    var waits: [String: Set<String>] = [:]
    // By thread, the innermost last: that is the one whose wait a task-wait tells.
    var running: [Int: [String]] = [:]
    for line in lines.split(separator: "\n") {
      guard let event = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      else { continue }
      func text(_ field: String) -> String? { event[field] as? String }
      let thread = event["thread"] as? Int ?? 0
      switch text("event") {
      case "name": names[text("named") ?? ""] = text("name")
      case "task-wait", "task-wait-own":
        if let task = running[thread]?.popLast() {
          waits[task] = Set([text("resource"), text("future")].compactMap { $0 })
        }
      case "task-suspend":
        _ = running[thread]?.popLast()
        if let future = text("future") { waits[text("task") ?? ""] = [future] }
      case "task-end": _ = running[thread]?.popLast()
      case "task-resume":
        running[thread, default: []].append(text("task") ?? "")
        waits[text("task") ?? ""] = []
      case "snapshot-begin":
        snapshot = Snapshot(reason: text("reason"))
        for (task, things) in waits { if let name = names[task] { snapshot.waits[name] = things } }
      case "thread-wait":
        let functions = (event["stack"] as? [[String: Any]] ?? []).compactMap {
          ($0["function"] as? String)?.split(separator: ".").last.map(String.init)
        }
        if let resource = text("resource"), let name = functions.first(where: Self.isThread) {
          snapshot.waits[name] = [resource]
        }
      case "referrer":
        if let kind = text("kind") {
          snapshot.referrers[text("reached") ?? "", default: []] += [kind]
        }
        if text("kind") == "descriptor",
          let by = text("by").flatMap({ UInt64($0.dropFirst(2), radix: 16) })
        {
          snapshot.descriptors[text("reached") ?? "", default: []].append(by)
        }
      case "io-peer":
        if let descriptor = event["descriptor"] as? UInt64 {
          snapshot.peers[descriptor] = event["peer"] as? UInt64
        }
      case "referrers": snapshot.referrers[text("reached") ?? "", default: []] += []
      case "snapshot-end": snapshot.isComplete = event["incomplete"] as? Int == 0
      default: break
      }
    }
    return snapshot
  }
}
