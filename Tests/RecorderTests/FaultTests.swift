import Foundation
import Testing
import TraceABI

/// What the program sees, and what the trace says, when something goes wrong while it records.
@Suite struct `a program that records` {
  let folder: String

  init() throws { folder = try Driver.temporaryFolder() }

  private func run(
    _ mode: String, _ environment: [String: String] = [:]
  ) throws -> (result: Driver.Result, trace: String) {
    let program = try Driver.compile(["Tests/Drivers/fault_driver.c"])
    let trace = folder + "/trace"
    let settings = environment.merging(["CORONER_TRACE": trace]) { $1 }
    return (try Driver.run(program, [try Driver.library(), mode], settings), trace)
  }

  private func survivor(
    _ mode: String, _ environment: [String: String] = [:]
  ) throws -> (output: String, trace: RawTrace) {
    let (result, path) = try run(mode, environment)
    #expect(result.status == 0 && !result.wasKilled && result.errors == "", "\(result)")
    return (result.output, try RawTrace(path: path))
  }

  private func count(_ trace: RawTrace) -> Int {
    trace.events.values.reduce(0) { $0 + $1.values.count { $0.kind == 22 } }
  }

  @Test(arguments: ["cut", "removed"], [nil, "4M"])
  func `survives what becomes of its trace`(mode: String, limit: String?) throws {
    let (result, trace) = try run(mode, limit.map { ["CORONER_LIMIT": $0] } ?? [:])
    #expect(result.status == 0 && !result.wasKilled && result.errors == "", "\(result)")
    #expect(result.output == "survived\n")
    #expect(mode == "cut" || !FileManager.default.fileExists(atPath: trace))
  }

  @Test func `dies of its own faults as ever`() throws {
    let (result, trace) = try run("bus")
    #expect(result.wasKilled && result.status == SIGBUS, "\(result)")
    #expect(try count(RawTrace(path: trace)) == 3000)
  }

  @Test func `handles its own faults as ever`() throws {
    let (output, trace) = try survivor("ownbus")
    #expect(output == "survived\n")
    #expect(count(trace) == 3000)
  }

  @Test func `goes on without a file descriptor`() throws {
    let (_, trace) = try survivor("files")
    #expect(count(trace) == 3000 + 40 * 20000)
    #expect(trace.header.lost_events == 0)
  }

  @Test func `goes on without memory`() throws {
    let (_, trace) = try survivor("memory")
    // What no buffer could be had for is counted.
    #expect(count(trace) + Int(trace.header.lost_events) >= 303_000 + 8 * 20000)
  }

  @Test(arguments: [nil, "4M"])
  func `may start ten thousand threads`(limit: String?) throws {
    let (_, trace) = try survivor("storm", limit.map { ["CORONER_LIMIT": $0] } ?? [:])
    // A bounded file has a few buffers only.
    #expect(limit != nil || count(trace) == 13000)
    #expect(limit != nil || trace.header.lost_events == 0)
    // The definitions of ten thousand threads take 7 bytes each.
    #expect(limit == nil || trace.bytes.count <= 4 << 20)
  }

  @Test func `may record in the handler of a signal`() throws {
    let (output, trace) = try survivor("signals")
    let signals = try #require(output.split(separator: " ").first.flatMap { Int($0) })
    #expect(signals > 0)
    // Those that came while a buffer was changed are counted.
    #expect(count(trace) + Int(trace.header.lost_events) == 2_003_000 + signals)
    #expect(trace.numbers(ofThread: 2).count + Int(trace.header.lost_events) >= signals)
  }

  @Test func `needs no drain thread to be remembered`() throws {
    let (result, trace) = try run("rest")
    #expect(result.wasKilled && result.status == SIGKILL)
    #expect(try RawTrace(path: trace).numbers(ofThread: 1) == Array(0..<203_000))
  }

  @Test(arguments: ["abort", "_exit"])
  func `may end without an end`(mode: String) throws {
    let (result, trace) = try run(mode)
    #expect(result.wasKilled == (mode == "abort"))
    #expect(try RawTrace(path: trace).numbers(ofThread: 1) == Array(0..<3000))
  }

  @Test func `that is stopped goes on where it was`() throws {
    let progress = folder + "/progress"
    try Data(count: 4096).write(to: URL(fileURLWithPath: progress))
    let process = Driver.process(
      try Driver.program(), [try Driver.library(), "forever", "2", progress],
      ["CORONER_TRACE": folder + "/trace"])
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    for _ in 0..<5 {
      usleep(30_000)
      kill(process.processIdentifier, SIGSTOP)
      usleep(30_000)
      kill(process.processIdentifier, SIGCONT)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let trace = try RawTrace(path: folder + "/trace")
    let numbers = trace.numbers(ofThread: 0)
    #expect(!numbers.isEmpty && numbers == Array(0..<UInt64(numbers.count)))
  }
}
