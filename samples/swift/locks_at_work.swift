// Threads and tasks that use every kind of lock, semaphore, condition, queue and group, many times.
// expect: nothing
import Dispatch
import Foundation
import Synchronization

/// What all of them count, each under a lock of another kind.
final class Counters: @unchecked Sendable {
  let rounds = 2_000
  let lock = NSLock()
  let recursive = NSRecursiveLock()
  let mutex = Mutex(0)
  let condition = NSCondition()
  let permits = DispatchSemaphore(value: 2)
  let serial = DispatchQueue(label: "serial")
  let concurrent = DispatchQueue(label: "concurrent", attributes: .concurrent)
  nonisolated(unsafe) private let readersAndWriters = UnsafeMutablePointer<pthread_rwlock_t>
    .allocate(capacity: 1)
  private var locked = 0
  private var entered = 0
  private var queued = 0
  private var written = 0
  private var letters = 0
  private var taken = 0

  init() { pthread_rwlock_init(readersAndWriters, nil) }

  func work() {
    for round in 0..<rounds {
      lock.withLock { locked += 1 }
      recursive.withLock { recursive.withLock { entered += 1 } }
      mutex.withLock { $0 += 1 }
      permits.wait()
      permits.signal()
      serial.sync { queued += 1 }
      concurrent.sync {}
      if round % 50 == 0 {
        concurrent.sync(flags: .barrier) {}
        pthread_rwlock_wrlock(readersAndWriters)
        written += 1
      } else {
        pthread_rwlock_rdlock(readersAndWriters)
      }
      pthread_rwlock_unlock(readersAndWriters)
    }
  }

  func post() {
    for _ in 0..<rounds {
      condition.withLock {
        letters += 1
        condition.signal()
      }
    }
  }

  func take() {
    for _ in 0..<rounds {
      condition.withLock {
        while letters == 0 { condition.wait() }
        letters -= 1
        taken += 1
      }
    }
  }

  var sums: [Int] { [locked, entered, mutex.withLock { $0 }, queued, written, taken] }
}

func inThreads(_ counters: Counters) {
  let done = DispatchSemaphore(value: 0)
  let bodies = [counters.work, counters.work, counters.work, counters.post, counters.take]
  for body in bodies {
    Thread {
      body()
      done.signal()
    }.start()
  }
  for _ in bodies { done.wait() }
}

func inGroup(_ counters: Counters) {
  let group = DispatchGroup()
  for _ in 1...2 { DispatchQueue.global().async(group: group) { counters.work() } }
  group.wait()
  let item = DispatchWorkItem { counters.work() }
  DispatchQueue.global().async(execute: item)
  item.wait()
  let operations = OperationQueue()
  for _ in 1...2 { operations.addOperation { counters.work() } }
  operations.waitUntilAllOperationsAreFinished()
}

func lived() -> Int {
  (0..<200).count { _ in
    var thread = pthread_t()
    pthread_create(&thread, nil, { _ in nil }, nil)
    return pthread_join(thread, nil) == 0
  }
}

@main struct Main {
  static func main() async {
    let counters = Counters()
    inThreads(counters)
    inGroup(counters)
    await withTaskGroup { group in
      for _ in 1...2 { group.addTask { counters.work() } }
    }
    print(counters.sums, lived())
  }
}
