import Coroner
import Foundation

/// A lock for tasks, made of continuations.
final class AsyncLock: @unchecked Sendable {
  private let traced: Primitive
  private let guardLock = NSLock()
  private var isTaken = false
  private var line: [CheckedContinuation<Void, Never>] = []

  init(_ name: String) {
    traced = Primitive(.lock, name)
    Recording.name(guardLock, "guard of \(name)")
  }

  func lock(line: UInt = #line) async {
    await traced.waiting {
      await withCheckedContinuation { continuation in
        let isFree = guardLock.withLock {
          defer { isTaken = true }
          if isTaken { self.line.append(continuation) }
          return !isTaken
        }
        if isFree { continuation.resume() }
      }
    }
    traced.acquired(line: line)
  }

  func unlock() {
    traced.released()
    let next = guardLock.withLock {
      if line.isEmpty { isTaken = false }
      return line.isEmpty ? nil : line.removeFirst()
    }
    next?.resume()
  }
}

func take(_ first: AsyncLock, then second: AsyncLock) async {
  await first.lock()
  try? await Task.sleep(for: .milliseconds(50))
  await second.lock()
  second.unlock()
  first.unlock()
}

@main struct Main {
  static func main() async {
    let (cache, journal) = (AsyncLock("cache"), AsyncLock("journal"))
    if CommandLine.arguments.contains("healthy") {
      await take(cache, then: journal)
      print("idle", Recording.isOn)
      return
    }
    let put = Task.detached(name: "put") { await take(cache, then: journal) }
    let compact = Task.detached(name: "compact") { await take(journal, then: cache) }
    print("hung")
    fflush(nil)
    await put.value
    await compact.value
  }
}
