// A block on a serial queue waits for a block that it has put behind itself on the same queue.
// expect: loop-self-wait
// resource: database
import Foundation

final class Database: Sendable {
  private let queue = DispatchQueue(label: "database")

  func save() -> Int {
    let done = DispatchSemaphore(value: 0)
    queue.async { done.signal() }
    done.wait()  // <- waits
    return 1
  }

  func transaction(then completion: @escaping @Sendable (Int) -> Void) {
    queue.async { completion(self.save()) }
  }
}

@main struct Main {
  static func main() async {
    let database = Database()
    print("hung")
    fflush(nil)
    let saved = await withCheckedContinuation { continuation in
      database.transaction { continuation.resume(returning: $0) }
    }
    print(saved)
  }
}
