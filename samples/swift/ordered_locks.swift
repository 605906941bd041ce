// Locks of all kinds, contended, and always taken in one order.
// expect: nothing
import Foundation
import Synchronization

final class Warehouse: @unchecked Sendable {
  private let shelves = NSLock()
  private let orders = NSRecursiveLock()
  private let total = Mutex(0)
  private let permits = DispatchSemaphore(value: 2)
  private let queue = DispatchQueue(label: "warehouse")

  func work() {
    permits.wait()
    defer { permits.signal() }
    shelves.withLock {
      orders.withLock { orders.withLock { total.withLock { $0 += 1 } } }
    }
    queue.sync { total.withLock { $0 += 1 } }
  }

  var done: Int { total.withLock { $0 } }
}

@main struct Main {
  static func main() async {
    let warehouse = Warehouse()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<16 {
        group.addTask { for _ in 0..<500 { warehouse.work() } }
      }
    }
    print(warehouse.done)
  }
}
