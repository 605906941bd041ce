// Waits with a limit: some keep it, some are cut off.
// expect: nothing

struct TimedOut: Error {}

func within<Value: Sendable>(
  _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await Task.sleep(for: limit)
      throw TimedOut()
    }
    defer { group.cancelAll() }
    return try await group.next()!
  }
}

@main struct Main {
  static func main() async throws {
    var late = 0
    for number in 0..<20 {
      do {
        try await within(.milliseconds(20)) {
          try await Task.sleep(for: number % 2 == 0 ? .milliseconds(1) : .seconds(3600))
        }
      } catch is TimedOut {
        late += 1
      }
    }
    print(late)
  }
}
