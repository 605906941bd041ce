// A service that rests until somebody ends it with a signal.
// expect: nothing
import Foundation

func terminated() async {
  signal(SIGTERM, SIG_IGN)
  let source = DispatchSource.makeSignalSource(signal: SIGTERM)
  await withCheckedContinuation { continuation in
    source.setEventHandler { continuation.resume() }
    source.resume()
  }
  source.cancel()
}

@main struct Main {
  static func main() async {
    let worker = Task.detached(name: "worker") {
      for await _ in AsyncStream<Int>(unfolding: {
        try? await Task.sleep(for: .seconds(60))
        return 1
      }) {}
    }
    print("idle")
    fflush(nil)
    await terminated()
    worker.cancel()
    await worker.value
  }
}
