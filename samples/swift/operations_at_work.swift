// Operations that depend on each other, or end later than they return, in a queue with a limit.
// expect: nothing
import Foundation

/// It ends when its answer has come, and not when it returns.
final class Fetch: Operation, @unchecked Sendable {
  private let lock = NSLock()
  private var isRunning = false
  private var hasAnswer = false

  override var isAsynchronous: Bool { true }
  override var isExecuting: Bool { lock.withLock { isRunning } }
  override var isFinished: Bool { lock.withLock { hasAnswer } }

  override func start() {
    set(running: true, answer: false)
    DispatchQueue.global().asyncAfter(deadline: .now() + 0.02) {
      self.set(running: false, answer: true)
    }
  }

  private func set(running: Bool, answer: Bool) {
    lock.withLock { (isRunning, hasAnswer) = (running, answer) }
    didChangeValue(forKey: "isExecuting")
    didChangeValue(forKey: "isFinished")
  }
}

final class Resize: Operation, @unchecked Sendable {
  override func main() { Thread.sleep(forTimeInterval: 0.01) }
}

@main struct Main {
  static func main() {
    let queue = OperationQueue()
    queue.name = "pictures"
    queue.maxConcurrentOperationCount = 2
    for _ in 0..<10 {
      let fetch = Fetch()
      let resize = Resize()
      let store = BlockOperation {}
      resize.addDependency(fetch)
      store.addDependency(fetch)
      store.addDependency(resize)
      queue.addOperations([store, resize, fetch], waitUntilFinished: false)
    }
    queue.addBarrierBlock {}
    queue.waitUntilAllOperationsAreFinished()
    queue.addOperation {
      OperationQueue.main.addOperation {
        print("done")
        exit(0)
      }
    }
    RunLoop.main.run()
  }
}
