// A request is forgotten on one way through the code: an unsafe continuation does not say so. The server goes on.
// expect: orphaned-future
// snapshot: yes
// tasks: request 3
import Foundation

typealias Reply = UnsafeContinuation<Int, Never>

actor Desk {
  func take(_ number: Int, _ reply: Reply) {
    guard number % 3 != 0 else { return }
    reply.resume(returning: number)
  }
}

@main struct Main {
  static let desk = Desk()

  static func ask(_ number: Int) async -> Int {
    await withUnsafeContinuation { reply in  // <- waits
      Task { await desk.take(number, reply) }
    }
  }

  static func main() async {
    let beat = Task(name: "beat") {
      while true { try? await Task.sleep(for: .milliseconds(200)) }
    }
    for number in 1...3 {
      Task(name: "request \(number)") { print(await ask(number)) }
    }
    print("hung")
    fflush(nil)
    await beat.value
  }
}
