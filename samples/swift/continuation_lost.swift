// A client whose answers come through a table of checked continuations; an error empties the table, while others
// go on.
// expect: orphaned-future
// tasks: list users
// because: let go of it
import Glibc

actor Client {
  private var replies: [Int: CheckedContinuation<String, Never>] = [:]

  func call(_ id: Int) async -> String {
    await withCheckedContinuation { continuation in  // <- waits
      replies[id] = continuation
    }
  }

  @inline(never) func connectionLost() {
    replies.removeAll()  // <- runs
  }
}

@main struct Main {
  static func main() async {
    let client = Client()
    let users = Task(name: "list users") { await client.call(1) }
    try? await Task.sleep(for: .milliseconds(50))
    await client.connectionLost()  // <- runs
    Task(name: "clock") { while true { try? await Task.sleep(for: .milliseconds(20)) } }
    print("hung")
    fflush(nil)
    print(await users.value)
  }
}
