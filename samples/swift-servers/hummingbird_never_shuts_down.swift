// A service beside the server does not hear of the shutdown: it waits for entries that nobody writes any more. A signal
// could still reach those that it waits for, so nothing proves it; the report says where main stands.
// expect: nothing
import AsyncHTTPClient
import Glibc
import Hummingbird
import ServiceLifecycle

/// Writes what requests note, in its own time.
struct Journal: Service {
  let entries: AsyncStream<String>
  private let note: AsyncStream<String>.Continuation

  init() { (entries, note) = AsyncStream.makeStream() }

  func add(_ entry: String) { note.yield(entry) }

  func run() async throws {
    for await entry in entries {
      print(entry)
    }
  }
}

@main struct Main {
  static func main() async throws {
    let journal = Journal()
    let router = Router()
    router.get("visit") { _, _ in
      journal.add("a visit")
      return "welcome"
    }
    var app = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in
        let port = channel.localAddress!.port!
        Task(name: "visitor") {
          for _ in 0..<3 {
            let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/visit")
            let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
            _ = try await answer.body.collect(upTo: 1024)
          }
          kill(getpid(), SIGTERM)
          print("hung")
          fflush(nil)
        }
      })
    app.addServices(journal)
    try await app.runService()
  }
}
