// A call that blocks its thread, on the main actor: nothing else gets its turn there.
// expect: blocked-loop
// tasks: main
import Foundation

@MainActor var counter = 0

@MainActor func load(_ pipe: Pipe) -> Data {
  pipe.fileHandleForReading.readData(ofLength: 1)  // <- runs
}

@main struct Main {
  static func main() async {
    // Both ends are ours, and nobody writes.
    let pipe = Pipe()
    let ticker = Task.detached(name: "ticker") {
      try? await Task.sleep(for: .milliseconds(50))
      await MainActor.run { counter += 1 }
    }
    print("hung")
    fflush(nil)
    print(load(pipe))
    await ticker.value
  }
}
