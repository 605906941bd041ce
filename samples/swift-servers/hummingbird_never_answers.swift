// A request waits for a colleague that is never told of it, while its client waits for the answer.
// expect: external-wait
import AsyncHTTPClient
import Glibc
import Hummingbird

/// Requests that wait for a document to be printed.
actor Printer {
  private var waiting: [String: CheckedContinuation<Void, Never>] = [:]

  func printed(_ name: String) async {
    await withCheckedContinuation { waiting[name] = $0 }  // <- waits
  }
  func finish(_ name: String) { waiting.removeValue(forKey: name)?.resume() }
}

@main struct Main {
  static func main() async throws {
    let printer = Printer()
    let router = Router()
    router.get("print/:name") { _, context in
      await printer.printed(context.parameters.get("name")!)
      return "printed"
    }
    let app = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in
        let port = channel.localAddress!.port!
        Task(name: "client") {
          print("hung")
          fflush(nil)
          let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/print/letter")
          let answer = try await HTTPClient.shared.execute(request, timeout: .hours(1))
          print(answer.status)
        }
      })
    try await app.runService()
  }
}
