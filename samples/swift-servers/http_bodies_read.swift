// The same with bodies that are read: the connections are used again, and the program ends.
// expect: nothing
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
    let request = HTTPClientRequest(url: url)
    let answer = try await client.execute(request, timeout: .hours(1))
    for try await _ in answer.body {}
    answers.append(answer)
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
    print(try await statuses(of: url, 20, with: client).count)
    try await client.shutdown()
    try await server.close()
  }
}
