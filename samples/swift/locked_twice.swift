// A method that takes the lock calls another one that takes it as well.
// expect: self-deadlock
// tasks: refresh
// resource: lock
import Foundation

final class Registry: @unchecked Sendable {
  private let lock = NSLock()
  private var entries: [String] = []

  func refresh() {
    lock.lock()  // <- holds
    defer { lock.unlock() }
    entries.removeAll()
    add("self")
  }

  func add(_ entry: String) {
    lock.lock()  // <- waits
    defer { lock.unlock() }
    entries.append(entry)
  }
}

@main struct Main {
  static func main() async {
    let registry = Registry()
    let refresh = Task.detached(name: "refresh") { registry.refresh() }
    print("hung")
    fflush(nil)
    await refresh.value
  }
}
