// A server under load, with a request that waits for another one; then it shuts down.
// expect: nothing
import AsyncHTTPClient
import Glibc
import Hummingbird
import ServiceLifecycle

/// Requests that wait for a document to be printed.
actor Printer {
  private var waiting: [String: CheckedContinuation<Void, Never>] = [:]

  func printed(_ name: String) async {
    await withCheckedContinuation { waiting[name] = $0 }
  }
  func finish(_ name: String) -> Bool {
    guard let request = waiting.removeValue(forKey: name) else { return false }
    request.resume()
    return true
  }
}

func status(of url: String) async throws -> UInt {
  let answer = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .hours(1))
  for try await _ in answer.body {}
  return answer.status.code
}

/// Fewer than the client has connections: who is to end a request needs one, too.
func load(_ url: String) async throws {
  try await withThrowingTaskGroup(of: Void.self) { clients in
    for client in 0..<3 {
      clients.addTask {
        for number in 0..<20 {
          async let printed = status(of: "\(url)/print/\(client)-\(number)")
          while try await status(of: "\(url)/finish/\(client)-\(number)") != 200 {}
          _ = try await printed
        }
      }
    }
    try await clients.waitForAll()
  }
}

@main struct Main {
  static func main() async throws {
    let printer = Printer()
    let router = Router()
    router.get("print/:name") { _, context in
      await printer.printed(context.parameters.get("name")!)
      return "printed"
    }
    router.get("finish/:name") { _, context in
      guard await printer.finish(context.parameters.get("name")!) else {
        throw HTTPError(.notFound)
      }
      return "finished"
    }
    let (port, announce) = AsyncStream<Int>.makeStream()
    let app = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { announce.yield($0.localAddress!.port!) })
    let services = ServiceGroup(services: [app], logger: app.logger)
    async let serving: Void = services.run()
    for await port in port.prefix(1) { try await load("http://127.0.0.1:\(port)") }
    await services.triggerGracefulShutdown()
    try await serving
    print("served")
    fflush(nil)
  }
}
