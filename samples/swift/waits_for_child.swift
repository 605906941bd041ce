// A task waits for another program, which takes its time.
// expect: nothing
import Foundation

func run(_ command: String...) async throws -> Int32 {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = command
  return try await withCheckedThrowingContinuation { continuation in
    process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
    do { try process.run() } catch { continuation.resume(throwing: error) }
  }
}

@main struct Main {
  static func main() async throws {
    print(try await run("true"))
    print("idle")
    fflush(nil)
    print(try await run("sleep", "30"))
  }
}
