// A channel's handler in front of the server lets one connection in at a time, with a semaphore: the second one
// blocks the event loop that would have to let the first one go, and a third one is not looked at.
// expect: blocked-loop
import AsyncHTTPClient
import Dispatch
import Glibc
import Hummingbird
import NIOCore
import NIOPosix

/// Lets one request in at a time; the place is given back on the loop.
final class Gate: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny
  static let places = DispatchSemaphore(value: 1)

  func channelActive(context: ChannelHandlerContext) {
    Gate.places.wait()  // <- waits
    context.fireChannelActive()
  }
  func channelInactive(context: ChannelHandlerContext) {
    Gate.places.signal()
    context.fireChannelInactive()
  }
}

@main struct Main {
  /// Each has a connection of its own.
  static let clients = [HTTPClient(), HTTPClient(), HTTPClient()]

  static func main() async throws {
    let router = Router()
    router.get("menu") { _, _ in "tea" }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let app = Application(
      router: router, server: .http1(additionalChannelHandlers: [Gate()]),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in
        let url = "http://127.0.0.1:\(channel.localAddress!.port!)/menu"
        for (number, client) in clients.enumerated() {
          Task(name: "client") {
            try await Task.sleep(for: .milliseconds(200 * number))
            let answer = try await client.execute(HTTPClientRequest(url: url), timeout: .hours(1))
            // A client keeps the connection of an answer that was read.
            _ = try await answer.body.collect(upTo: 1024)
            print("hung", answer.status)
            fflush(nil)
          }
        }
      }, eventLoopGroupProvider: .shared(group))
    try await app.runService()
  }
}
