import Foundation
import Testing
import TraceABI

/// How often a process is killed: `make kills` does it a thousand times.
private let rounds = ProcessInfo.processInfo.environment["KILLS"].flatMap(Int.init) ?? 30

@Suite struct `a killed process` {
  @Test(arguments: 0..<rounds)
  func `loses no event that was complete`(round: Int) throws {
    let instant = 20_000 + UInt32.random(in: 0...300_000)
    let threads = [3, 1, 8][round % 3]
    guard let (found, done, lost) = try kill(after: instant, threads: threads) else { return }
    // Else it was too fast for this machine's drain thread: losses are counted, not silent.
    guard lost == 0 else { return }
    for (thread, done) in done.enumerated() {
      let numbers = found[thread] ?? 0..<0
      #expect(numbers.lowerBound == 0 && UInt64(numbers.count) >= done, "\(instant) µs")
      #expect(UInt64(numbers.count) <= done + 1)
    }
  }

  @Test(arguments: 0..<max(8, rounds / 4))
  func `loses none of the latest events of a bounded trace`(round: Int) throws {
    let instant = 20_000 + UInt32.random(in: 0...2_500_000)
    let (limit, threads) = [("4M", 3), ("4M", 1), ("8M", 8)][round % 3]
    guard let (found, done, lost) = try kill(after: instant, threads: threads, limit: limit),
      lost == 0
    else { return }
    for (thread, done) in done.enumerated() where done > 0 {
      let numbers = try #require(found[thread])
      #expect(numbers.upperBound >= done, "killed after \(instant) µs")
      #expect(numbers.upperBound <= done + 1)
    }
  }

  private static let reader = Result {
    try Driver.compile(
      ["Tests/Drivers/numbers.c"], ["-O2", "-I@/Sources/TraceABI/include", "-lz"])
  }

  /// Of a process that numbers its events: the numbers of each thread in its trace, which follow each other, how
  /// many each thread had recorded, and how many were lost. Nothing if it was killed before its first event.
  private func kill(
    after microseconds: UInt32, threads: Int, limit: String? = nil
  ) throws -> (found: [Int: Range<UInt64>], done: [UInt64], lost: UInt64)? {
    let folder = try Driver.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (trace, progress) = (folder + "/trace", folder + "/progress")
    try Data(count: 4096).write(to: URL(fileURLWithPath: progress))
    let process = Driver.process(
      try Driver.program(), [try Driver.library(), "forever", "\(threads)", progress],
      ["CORONER_TRACE": trace].merging(limit.map { ["CORONER_LIMIT": $0] } ?? [:]) { $1 })
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    usleep(microseconds)
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let completed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: progress)))
    guard completed.contains(where: { $0 != 0 }) else { return nil }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: trace), options: .alwaysMapped)
    let header = bytes.withUnsafeBytes { $0.loadUnaligned(as: coroner_file_header.self) }
    #expect(header.clean_end == 0)
    #expect(limit == nil || bytes.count <= (limit == "4M" ? 4 : 8) << 20)

    let result = try Driver.run(try Self.reader.get(), [trace])
    // Where events were lost, numbers are missing between others.
    if header.lost_events == 0 { try #require(result.status == 0, "\(result)") }
    var found: [Int: Range<UInt64>] = [:]
    for line in result.output.split(separator: "\n") {
      let words = line.split(separator: " ").compactMap { UInt64($0) }
      if words.count == 3 { found[Int(words[0])] = words[1]..<words[1] + words[2] }
    }
    return (found, (0..<threads).map { completed.u64($0 * 8) }, header.lost_events)
  }
}
