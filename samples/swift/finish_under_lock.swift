// A stream is finished under a lock; its onTermination runs at once, and takes the lock as well.
// expect: self-deadlock
// tasks: publisher
// resource: topicLock
import Foundation

final class Topic: @unchecked Sendable {
  private let topicLock = NSLock()
  private var subscribers: [Int: AsyncStream<String>.Continuation] = [:]

  func subscribe(_ id: Int) -> AsyncStream<String> {
    let (stream, continuation) = AsyncStream<String>.makeStream()
    continuation.onTermination = { _ in self.remove(id) }
    topicLock.withLock { subscribers[id] = continuation }
    return stream
  }

  func remove(_ id: Int) {
    topicLock.withLock { subscribers[id] = nil }  // <- waits
  }

  func close() {
    topicLock.withLock {  // <- holds
      for subscriber in subscribers.values { subscriber.finish() }
    }
  }
}

@main struct Main {
  static func main() async {
    let topic = Topic()
    let stream = topic.subscribe(1)
    let publisher = Task.detached(name: "publisher") { topic.close() }
    print("hung")
    fflush(nil)
    for await line in stream { print(line) }
    await publisher.value
  }
}
