// A client whose answers come through a table of continuations; an error empties the table.
// expect: orphaned-future
// tasks: list users
// because: resumed
import Glibc

actor Client {
  private var replies: [Int: UnsafeContinuation<String, Never>] = [:]

  func call(_ id: Int) async -> String {
    await withUnsafeContinuation { continuation in  // <- waits
      replies[id] = continuation
    }
  }

  func connectionLost() {
    replies.removeAll()
  }
}

@main struct Main {
  static func main() async {
    let client = Client()
    let users = Task(name: "list users") { await client.call(1) }
    try? await Task.sleep(for: .milliseconds(50))
    await client.connectionLost()
    print("hung")
    fflush(nil)
    print(await users.value)
  }
}
