// Tasks that are cancelled while they sleep, wait for a stream, a child, a continuation.
// expect: nothing
import Synchronization

final class Gate: Sendable {
  private let waiter = Mutex<CheckedContinuation<Void, Never>?>(nil)

  func pass() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiter.withLock { $0 = continuation }
        if Task.isCancelled { open() }
      }
    } onCancel: {
      open()
    }
  }

  private func open() { waiter.withLock { $0.take() }?.resume() }
}

@main struct Main {
  static func main() async {
    let (stream, continuation) = AsyncStream<Int>.makeStream()
    let tasks: [Task<Void, Never>] = [
      Task { try? await Task.sleep(for: .seconds(3600)) },
      Task { for await _ in stream {} },
      Task { await Gate().pass() },
      Task { await withTaskGroup(of: Void.self) { $0.addTask { await Gate().pass() } } },
    ]
    try? await Task.sleep(for: .milliseconds(50))
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    continuation.finish()
  }
}
