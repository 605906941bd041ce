// A client asks for the status of each page and never reads a body: each answer keeps its connection, of which
// there are two, and the third request waits for one.
// expect: external-wait
import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

final class Pages: ChannelInboundHandler, Sendable {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .end = unwrapInboundIn(data) else { return }
    let head = HTTPResponseHead(
      version: .http1_1, status: .ok, headers: ["content-length": "8000000"])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    let page = ByteBuffer(repeating: 32, count: 8_000_000)
    context.write(wrapOutboundOut(.body(.byteBuffer(page))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}

func statuses(of url: String, _ count: Int, with client: HTTPClient) async throws -> [UInt] {
  var answers: [HTTPClientResponse] = []
  for number in 0..<count {
    if number == 2 {
      print("hung")
      fflush(nil)
    }
    let request = HTTPClientRequest(url: url)
    answers.append(try await client.execute(request, timeout: .hours(1)))  // <- waits
  }
  return answers.map(\.status.code)
}

@main struct Main {
  static func main() async throws {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 2
    let client = HTTPClient(configuration: configuration)
    let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Pages())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let url = "http://127.0.0.1:\(server.localAddress!.port!)/"
    print(try await statuses(of: url, 3, with: client))
  }
}
