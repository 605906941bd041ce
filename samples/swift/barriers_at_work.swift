// Readers and barrier blocks of concurrent queues, some of which take long, and one reader that goes on for ever.
// expect: nothing
import Dispatch
import Foundation

final class Table: @unchecked Sendable {
  private let queue = DispatchQueue(label: "table", attributes: .concurrent)
  private var rows: [Int: Int] = [:]

  subscript(row: Int) -> Int {
    get { queue.sync { rows[row, default: 0] } }
    set { queue.async(flags: .barrier) { self.rows[row] = newValue } }
  }

  func remove(_ row: Int) -> Int? { queue.sync(flags: .barrier) { rows.removeValue(forKey: row) } }

  /// Blocks of a group, while barrier blocks wait for them.
  func sum(of range: Range<Int>) async -> Int {
    let group = DispatchGroup()
    let sums = Sums()
    for row in range {
      queue.async(group: group) {
        if row % 10 == 0 { usleep(20_000) }
        sums.add(self.rows[row, default: 0])
      }
      if row % 10 == 1 { self[row] += 1 }
    }
    let item = DispatchWorkItem(flags: .barrier) { sums.add(1) }
    queue.async(execute: item)
    await withCheckedContinuation { continuation in
      group.notify(queue: queue) { continuation.resume() }
    }
    return sums.total
  }

  /// What waits on a queue for items that still come.
  func consume(_ items: DispatchSemaphore, then note: @escaping @Sendable () -> Void) {
    DispatchQueue(label: "items", attributes: .concurrent).async {
      while true {
        items.wait()
        note()
      }
    }
  }
}

final class Sums: @unchecked Sendable {
  private let lock = NSLock()
  private(set) var total = 0
  func add(_ value: Int) { lock.withLock { total += value } }
}

@main struct Main {
  static func main() async {
    let table = Table()
    let items = DispatchSemaphore(value: 0)
    let noted = Sums()
    table.consume(items) { noted.add(1) }
    for row in 0..<50 { table[row] = row }
    await withTaskGroup { group in
      for _ in 0..<4 {
        group.addTask {
          for row in 0..<50 { _ = table[row] }
          return await table.sum(of: 0..<50)
        }
      }
      for await sum in group { precondition(sum >= 1225 - 50) }
    }
    for row in 0..<50 { _ = table.remove(row) }
    print("idle")
    fflush(nil)
    while true {
      items.signal()
      try? await Task.sleep(for: .milliseconds(200))
    }
  }
}
