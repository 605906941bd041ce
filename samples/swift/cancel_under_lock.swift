// A task is cancelled under a lock; its cancellation handler runs at once, in the caller, and takes it too.
// expect: self-deadlock
// tasks: close
// resource: stateLock
import Foundation

final class Session: @unchecked Sendable {
  private let stateLock = NSLock()
  private var isOpen = true

  func serve() async {
    await withTaskCancellationHandler {
      try? await Task.sleep(for: .seconds(3600))
    } onCancel: {
      stateLock.withLock { isOpen = false }  // <- waits
    }
  }

  func close(_ server: Task<Void, Never>) {
    stateLock.withLock {  // <- holds
      server.cancel()
    }
  }
}

@main struct Main {
  static func main() async {
    let session = Session()
    let server = Task.detached(name: "server") { await session.serve() }
    try? await Task.sleep(for: .milliseconds(50))
    let close = Task.detached(name: "close") { session.close(server) }
    print("hung")
    fflush(nil)
    await close.value
  }
}
