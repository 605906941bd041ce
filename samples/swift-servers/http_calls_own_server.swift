// A handler asks its own server, and blocks the only event loop until the answer comes.
// expect: loop-self-wait
import AsyncHTTPClient
import Dispatch
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

final class Pages: ChannelInboundHandler, Sendable {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart
  let client: HTTPClient
  init(_ client: HTTPClient) { self.client = client }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let request) = unwrapInboundIn(data) else { return }
    if request.uri == "/page" { fetch("/menu", from: context.channel.localAddress!.port!) }
    let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "0"])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func fetch(_ path: String, from port: Int) {
    let answered = DispatchSemaphore(value: 0)
    client.get(url: "http://127.0.0.1:\(port)\(path)").whenComplete { _ in answered.signal() }
    answered.wait()  // <- waits
  }
}

@main struct Main {
  static func main() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client = HTTPClient(eventLoopGroupProvider: .shared(group))
    let server = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Pages(client))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let request = HTTPClientRequest(url: "http://127.0.0.1:\(server.localAddress!.port!)/page")
    print("hung")
    fflush(nil)
    print(try await client.execute(request, timeout: .hours(1)).status)
  }
}
