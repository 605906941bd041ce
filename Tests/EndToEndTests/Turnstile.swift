/// Lets a few programs run at a time: most of them sleep, but they all start with a burst of work.
actor Turnstile {
  static let shared = Turnstile(places: 6)

  private var free: Int
  private var queue: [CheckedContinuation<Void, Never>] = []

  init(places: Int) { free = places }

  nonisolated func pass<Result: Sendable>(
    _ body: () async throws -> Result
  ) async throws -> Result {
    await enter()
    do {
      let result = try await body()
      await leave()
      return result
    } catch {
      await leave()
      throw error
    }
  }

  private func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { queue.append($0) }
    }
  }

  private func leave() {
    if queue.isEmpty {
      free += 1
    } else {
      queue.removeFirst().resume()
    }
  }
}
