// Groups of all kinds, one within another, and values computed side by side.
// expect: nothing

func leaf(_ number: Int) async -> Int {
  await Task.yield()
  return number
}

func sum(of numbers: Range<Int>) async -> Int {
  await withTaskGroup(of: Int.self) { group in
    for number in numbers { group.addTask { await leaf(number) } }
    return await group.reduce(0, +)
  }
}

func race() async throws -> Int {
  try await withThrowingTaskGroup(of: Int.self) { group in
    group.addTask {
      try await Task.sleep(for: .seconds(3600))
      return 1
    }
    group.addTask { await leaf(2) }
    defer { group.cancelAll() }
    return try await group.next() ?? 0
  }
}

@main struct Main {
  static func main() async throws {
    async let low = sum(of: 0..<100)
    async let high = sum(of: 100..<200)
    print(await low + high, try await race())
    await withDiscardingTaskGroup { group in
      for number in 0..<100 { group.addTask { _ = await leaf(number) } }
    }
  }
}
