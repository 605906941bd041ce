// A store whose two methods take the same two locks, each in the other's order.
// expect: lock-cycle
// tasks: put, compact
// resource: cacheLock, journalLock
import Foundation

final class Store: Sendable {
  private let cacheLock = NSLock()
  private let journalLock = NSLock()

  func put() {
    cacheLock.lock()  // <- holds
    defer { cacheLock.unlock() }
    usleep(100_000)
    journalLock.lock()  // <- waits
    journalLock.unlock()
  }

  func compact() {
    journalLock.lock()  // <- holds
    defer { journalLock.unlock() }
    usleep(100_000)
    cacheLock.lock()  // <- waits
    cacheLock.unlock()
  }
}

@main struct Main {
  static func main() async {
    let store = Store()
    let put = Task.detached(name: "put") { store.put() }
    let compact = Task.detached(name: "compact") { store.compact() }
    print("hung")
    fflush(nil)
    await put.value
    await compact.value
  }
}
