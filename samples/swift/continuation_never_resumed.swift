// A callback that is never called on one of its ways: the file is empty.
// expect: orphaned-future
// tasks: load settings
import Glibc

final class Reader: Sendable {
  func read(_ text: String, then completion: @Sendable (String) -> Void) {
    guard !text.isEmpty else { return }
    completion(text)
  }

  func read(_ text: String) async -> String {
    await withCheckedContinuation { continuation in  // <- waits
      // The table keeps it, for whoever may answer later.
      Pending.all.append(continuation)
      read(text) { continuation.resume(returning: $0) }
    }
  }
}

enum Pending {
  nonisolated(unsafe) static var all: [CheckedContinuation<String, Never>] = []
}

@main struct Main {
  static func main() async {
    let settings = Task.detached(name: "load settings") { await Reader().read("") }
    print("hung")
    fflush(nil)
    print(await settings.value)
  }
}
