// Locks that hardly anybody waits for: each task keeps a cache of its own behind one, and all share another
// that they take now and then. A semaphore lets some of them in at a time.
import Foundation

final class Cache: @unchecked Sendable {
  private let lock = NSLock()
  private var entries: [Int: Int] = [:]

  func count(_ key: Int) -> Int {
    lock.lock()
    defer { lock.unlock() }
    entries[key, default: 0] += 1
    return entries[key]!
  }
}

@main struct Main {
  static func main() async {
    let shared = Cache()
    let permits = DispatchSemaphore(value: 2)
    await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let own = Cache()
          var sum = 0
          for round in 0..<1_000_000 {
            sum &+= own.count(round & 255)
            if round & 1023 == 0 { sum &+= work(shared, permits, round) }
          }
          return sum
        }
      }
      var total = 0
      for await sum in group { total &+= sum }
      print(total)
    }
  }
}

func work(_ shared: Cache, _ permits: DispatchSemaphore, _ round: Int) -> Int {
  permits.wait()
  defer { permits.signal() }
  return shared.count(round)
}
