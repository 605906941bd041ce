// A promise is kept in a table, and one way through the code does not complete it.
// expect: orphaned-future
// tasks: fetch
import Glibc
import NIOCore
import NIOPosix

final class Connection: @unchecked Sendable {
  let loop: any EventLoop
  private var waiting: [EventLoopPromise<String>] = []
  init(on loop: any EventLoop) { self.loop = loop }

  func request(_ path: String) -> EventLoopFuture<String> {
    let promise = loop.makePromise(of: String.self)
    loop.execute {
      guard !path.isEmpty else { return self.waiting.append(promise) }
      promise.succeed(path)
    }
    return promise.futureResult
  }
}

@main struct Main {
  static func main() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let connection = Connection(on: group.next())
    let fetch = Task(name: "fetch") {
      try await connection.request("").get()  // <- waits
    }
    print("hung")
    fflush(nil)
    print(try await fetch.value)
  }
}
