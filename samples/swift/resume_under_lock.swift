// A waiter is resumed under the lock that it takes next, and its answer is waited for under it, too.
// expect: lock-cycle
// tasks: handOver, worker
// resource: slots
import Foundation
final class Pool: @unchecked Sendable {
  private let slots = NSLock()
  private let taken = DispatchSemaphore(value: 0)
  private var waiter: CheckedContinuation<Void, Never>?
  func acquire() async {
    await withCheckedContinuation { waiter = $0 }
    take()
  }

  private func take() {
    slots.lock()  // <- waits
    taken.signal()
    slots.unlock()
  }

  func handOver() {
    slots.lock()  // <- holds
    waiter?.resume()
    taken.wait()
    slots.unlock()
  }
}

@main struct Main {
  static func main() async {
    let pool = Pool()
    let worker = Task.detached(name: "worker") { await pool.acquire() }
    try? await Task.sleep(for: .milliseconds(50))
    let handOver = Task.detached(name: "handOver") { pool.handOver() }
    print("hung")
    fflush(nil)
    await worker.value
    await handOver.value
  }
}
