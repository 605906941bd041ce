// A condition is signalled before anybody waits for it; signals are not kept.
// expect: lost-wakeup
// tasks: consumer
import Foundation

final class Mailbox: @unchecked Sendable {
  private let arrived = NSCondition()
  private var letters: [String] = []

  func post(_ letter: String) {
    arrived.lock()
    letters.append(letter)
    arrived.signal()
    arrived.unlock()
  }

  func take() -> String {
    arrived.lock()
    defer { arrived.unlock() }
    arrived.wait()  // <- waits
    return letters.removeFirst()
  }
}

@main struct Main {
  static func main() async {
    let mailbox = Mailbox()
    mailbox.post("hello")
    let consumer = Task.detached(name: "consumer") { mailbox.take() }
    print("hung")
    fflush(nil)
    print(await consumer.value)
  }
}
