// A server without a client: its tasks wait for what a listening socket brings.
// expect: nothing
import Foundation

/// A socket that listens on a port of the system's choice.
func listen() -> Int32 {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
  withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  _ = Glibc.listen(descriptor, 8)
  return descriptor
}

@main struct Main {
  static func main() async {
    let (clients, continuation) = AsyncStream<Int32>.makeStream()
    let descriptor = listen()
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
    source.setEventHandler { continuation.yield(accept(descriptor, nil, nil)) }
    source.resume()
    print("idle")
    fflush(nil)
    for await client in clients { close(client) }
  }
}
