// A server whose own thread accepts clients and hands them to tasks.
// expect: nothing
import Foundation

func listen() -> Int32 {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  // An abstract name that the system chooses.
  withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(descriptor, $0, socklen_t(MemoryLayout<sa_family_t>.size))
    }
  }
  _ = Glibc.listen(descriptor, 8)
  return descriptor
}

@main struct Main {
  static func main() async {
    let (clients, continuation) = AsyncStream<Int32>.makeStream()
    let descriptor = listen()
    Thread.detachNewThread {
      while true { continuation.yield(accept(descriptor, nil, nil)) }
    }
    print("idle")
    fflush(nil)
    await withDiscardingTaskGroup { group in
      for await client in clients { group.addTask { close(client) } }
    }
  }
}
