import Foundation
import Testing
import TraceABI

@Suite struct `a killed process` {
  @Test(arguments: 0..<12)
  func `loses no event that was complete`(round: Int) throws {
    let folder = try Driver.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let threads = 3
    let progress = folder + "/progress"
    try Data(count: 4096).write(to: URL(fileURLWithPath: progress))
    let process = Driver.process(
      try Driver.program(), [try Driver.library(), "forever", "\(threads)", progress],
      ["CORONER_TRACE": folder + "/trace"])
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let seed = UInt32.random(in: 0...300_000)
    usleep(20_000 + seed)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()

    let completed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: progress)))
    guard completed.contains(where: { $0 != 0 }) else { return }  // killed before its first event
    let trace = try RawTrace(path: folder + "/trace")
    #expect(trace.header.clean_end == 0)
    guard trace.header.lost_events == 0 else {
      // This machine was too slow for the drain thread: then losses are counted, not silent.
      return
    }
    for thread in 0..<threads {
      let done = completed.u64(thread * 8)
      let numbers = trace.numbers(ofThread: UInt64(thread))
      #expect(numbers == Array(0..<UInt64(numbers.count)), "in order, seed \(seed)")
      #expect(UInt64(numbers.count) >= done, "killed after \(20_000 + seed) µs")
      #expect(UInt64(numbers.count) <= done + 1)
    }
  }
}
