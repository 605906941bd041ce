// Two tasks take a mutex and a lock in opposite orders.
// expect: lock-cycle
import Foundation
import Synchronization

final class Ledger: Sendable {
  let entries = Mutex([0])
  let file = NSLock()

  func append() {
    entries.withLock { entries in
      entries.append(1)
      usleep(100_000)
      file.withLock { print(entries) }  // <- waits
    }
  }

  func load() {
    file.withLock {
      usleep(100_000)
      entries.withLock { $0 = [] }  // <- waits
    }
  }
}

@main struct Main {
  static func main() async {
    let ledger = Ledger()
    let appending = Task.detached(name: "append") { ledger.append() }
    let loading = Task.detached(name: "load") { ledger.load() }
    print("hung")
    fflush(nil)
    await appending.value
    await loading.value
  }
}
