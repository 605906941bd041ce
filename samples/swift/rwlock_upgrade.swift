// A reader that wants to write asks for the write lock before it has given its read lock back.
// expect: self-deadlock
// tasks: reload
import Foundation

final class Routes: @unchecked Sendable {
  private let lock = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)
  private var table: [String: Int] = [:]

  init() { pthread_rwlock_init(lock, nil) }

  func look(up path: String) -> Int {
    pthread_rwlock_rdlock(lock)  // <- holds
    defer { pthread_rwlock_unlock(lock) }
    if let route = table[path] { return route }
    return add(path)
  }

  private func add(_ path: String) -> Int {
    pthread_rwlock_wrlock(lock)  // <- waits
    defer { pthread_rwlock_unlock(lock) }
    table[path] = table.count
    return table.count
  }
}

@main struct Main {
  static func main() async {
    let routes = Routes()
    let reload = Task.detached(name: "reload") { routes.look(up: "/") }
    print("hung")
    fflush(nil)
    print(await reload.value)
  }
}
