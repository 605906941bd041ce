// A server that echoes, its clients, and waits on other threads than the loop's; then it rests.
// expect: nothing
import Dispatch
import Glibc
import NIOCore
import NIOPosix

final class Echo: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    context.write(data, promise: nil)
  }
  func channelReadComplete(context: ChannelHandlerContext) { context.flush() }
}

func talk(to address: SocketAddress, on group: any EventLoopGroup) async throws -> Int {
  let client = try await ClientBootstrap(group: group).connect(to: address) { channel in
    channel.eventLoop.makeCompletedFuture {
      try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
    }
  }
  return try await client.executeThenClose { inbound, outbound in
    var replies = inbound.makeAsyncIterator()
    var count = 0
    for _ in 0..<50 {
      try await outbound.write(ByteBuffer(string: "tea"))
      count += try await replies.next()?.readableBytes ?? 0
    }
    return count
  }
}

@main struct Main {
  static func main() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let server = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Echo())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let address = server.localAddress!
    let echoed = try await withThrowingTaskGroup(of: Int.self) { clients in
      for _ in 0..<10 { clients.addTask { try await talk(to: address, on: group) } }
      var sum = 0
      for try await count in clients { sum += count }
      return sum
    }
    // A future that is waited for where one may: on a thread of no loop.
    await withCheckedContinuation { done in
      DispatchQueue.global().async {
        _ = try? group.next().scheduleTask(in: .milliseconds(50)) { echoed }.futureResult.wait()
        done.resume()
      }
    }
    print("idle", echoed)
    fflush(nil)
    try await server.closeFuture.get()
  }
}
