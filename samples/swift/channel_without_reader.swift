// Two tasks send into a channel whose reader has gone: only they still know it. The rest of the program goes on.
// expect: orphaned-future
// snapshot: yes
// tasks: left, right
import Foundation
import Synchronization

final class Channel: Sendable {
  private let senders = Mutex<[UnsafeContinuation<Void, Never>]>([])

  func send() async {
    await withUnsafeContinuation { sender in  // <- waits
      senders.withLock { $0.append(sender) }
    }
  }
  func receive() -> Bool {
    let sender = senders.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    sender?.resume()
    return sender != nil
  }
}

@main struct Main {
  static func start() {
    let channel = Channel()
    for name in ["left", "right"] {
      Task(name: name) { while true { await channel.send() } }
    }
    Task(name: "reader") {
      for _ in 1...5 { while !channel.receive() { await Task.yield() } }
    }
  }

  static func main() async {
    DispatchQueue.global().async { start() }
    print("hung")
    fflush(nil)
    while true { try? await Task.sleep(for: .milliseconds(300)) }
  }
}
