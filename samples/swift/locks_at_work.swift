// Threads, blocks and tasks that use every kind of lock and semaphore, many times.
// expect: nothing
import Foundation
import Synchronization

final class Counters: @unchecked Sendable {
  private let lock = NSRecursiveLock()
  private let mutex = Mutex(0)
  private let condition = NSCondition()
  private let permits = DispatchSemaphore(value: 2)
  private let queue = DispatchQueue(label: "counters")
  private(set) var sums = [0, 0, 0]

  func work() {
    for round in 0..<2_000 {
      lock.withLock { lock.withLock { sums[0] += 1 } }
      permits.wait()
      mutex.withLock { $0 += 1 }
      permits.signal()
      queue.sync(flags: round % 50 == 0 ? .barrier : []) { sums[1] += 1 }
      condition.withLock {
        sums[2] += 1
        condition.broadcast()
      }
    }
    condition.withLock { while sums[2] < 6_000 { condition.wait() } }
  }
}

@main struct Main {
  static func main() async {
    let counters = Counters()
    let item = DispatchWorkItem { counters.work() }
    DispatchQueue.global().async(execute: item)
    Thread.detachNewThread(counters.work)
    await Task { counters.work() }.value
    item.wait()
    print(counters.sums)
  }
}
