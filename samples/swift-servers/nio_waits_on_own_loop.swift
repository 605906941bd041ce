// A channel's handler waits for a future that its own event loop is to complete: the loop never gets there.
// expect: loop-self-wait
import Dispatch
import Glibc
import NIOCore
import NIOPosix

final class Lookup: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let answer = price(of: String(buffer: unwrapInboundIn(data)), on: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(integer: answer)), promise: nil)
  }

  func price(of name: String, on loop: any EventLoop) -> Int {
    let answered = DispatchSemaphore(value: 0)
    loop.submit { name.count }.whenComplete { _ in answered.signal() }
    answered.wait()  // <- waits
    return name.count
  }
}

@main struct Main {
  static func main() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Lookup())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let client = try await ClientBootstrap(group: group)
      .connect(to: server.localAddress!) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    print("hung")
    fflush(nil)
    try await client.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: "tea"))
      for try await answer in inbound { print(answer.readableBytes) }
    }
  }
}
