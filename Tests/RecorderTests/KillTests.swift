import Foundation
import Testing
import TraceABI

/// How often a process is killed: `make kills` does it a thousand times.
private let rounds = ProcessInfo.processInfo.environment["KILLS"].flatMap(Int.init) ?? 30

@Suite struct `a killed process` {
  @Test(arguments: 0..<rounds)
  func `loses no event that was complete`(round: Int) throws {
    let instant = 20_000 + UInt32.random(in: 0...300_000)
    guard let (trace, completed) = try kill(after: instant, limit: nil) else { return }
    for thread in 0..<Self.threads {
      let done = completed.u64(thread * 8)
      let numbers = trace.numbers(ofThread: UInt64(thread))
      #expect(numbers == Array(0..<UInt64(numbers.count)), "in order, \(instant) µs")
      #expect(UInt64(numbers.count) >= done, "killed after \(instant) µs")
      #expect(UInt64(numbers.count) <= done + 1)
    }
  }

  @Test(arguments: 0..<max(8, rounds / 4))
  func `loses none of the latest events of a bounded trace`(round: Int) throws {
    let instant = 20_000 + UInt32.random(in: 0...2_500_000)
    guard let (trace, completed) = try kill(after: instant, limit: "4M") else { return }
    for thread in 0..<Self.threads {
      let done = completed.u64(thread * 8)
      let numbers = trace.numbers(ofThread: UInt64(thread))
      let first = try #require(numbers.first ?? (done == 0 ? 0 : nil))
      #expect(numbers == Array(first..<first + UInt64(numbers.count)), "in order, \(instant) µs")
      #expect(first + UInt64(numbers.count) >= done, "killed after \(instant) µs")
      #expect(first + UInt64(numbers.count) <= done + 1)
    }
    #expect(trace.bytes.count <= 4 << 20)
  }

  private static let threads = 3

  /// The trace of a process that numbers its events, and how many each thread had recorded; nothing if it was
  /// killed before its first event, or was too fast for this machine's drain thread: then losses are
  /// counted, not silent.
  private func kill(
    after microseconds: UInt32, limit: String?
  ) throws -> (RawTrace, completed: [UInt8])? {
    let folder = try Driver.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let progress = folder + "/progress"
    try Data(count: 4096).write(to: URL(fileURLWithPath: progress))
    var environment = ["CORONER_TRACE": folder + "/trace"]
    environment["CORONER_LIMIT"] = limit
    let process = Driver.process(
      try Driver.program(), [try Driver.library(), "forever", "\(Self.threads)", progress],
      environment)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    usleep(microseconds)
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let completed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: progress)))
    guard completed.contains(where: { $0 != 0 }) else { return nil }
    let trace = try RawTrace(path: folder + "/trace")
    #expect(trace.header.clean_end == 0)
    return trace.header.lost_events == 0 ? (trace, completed) : nil
  }
}
