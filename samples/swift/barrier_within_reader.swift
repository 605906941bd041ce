// A block on a concurrent queue runs a barrier block on the same queue, and waits for it.
// expect: self-deadlock
// resource: counters
// tasks: visit
import Dispatch
import Foundation

final class Counters: @unchecked Sendable {
  private let queue = DispatchQueue(label: "counters", attributes: .concurrent)
  private var counts: [String: Int] = [:]

  private func add(_ page: String) {
    queue.sync(flags: .barrier) { counts[page] = 0 }  // <- waits
  }

  func count(of page: String) -> Int {
    queue.sync {  // <- holds
      if counts[page] == nil { add(page) }
      return counts[page]!
    }
  }
}

@main struct Main {
  static func main() async {
    let counters = Counters()
    let visit = Task.detached(name: "visit") { counters.count(of: "/") }
    print("hung")
    fflush(nil)
    print(await visit.value)
  }
}
