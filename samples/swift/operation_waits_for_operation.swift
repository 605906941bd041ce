// An operation waits for another one of the same queue, which runs one at a time.
// expect: pool-starvation
import Foundation

final class Uploader: Sendable {
  private let queue = OperationQueue()

  init() {
    queue.name = "uploads"
    queue.maxConcurrentOperationCount = 1
  }

  func upload(then completion: @escaping @Sendable () -> Void) {
    queue.addOperation {
      let compress = BlockOperation {}
      self.queue.addOperations([compress], waitUntilFinished: true)  // <- waits
      completion()
    }
  }
}

@main struct Main {
  static func main() async {
    let uploader = Uploader()
    print("hung")
    fflush(nil)
    await withCheckedContinuation { continuation in
      uploader.upload { continuation.resume() }
    }
  }
}
