// A method of an actor blocks its thread, and every other call of the actor waits for its turn.
// expect: loop-self-wait
// tasks: holder, storing
import Foundation

actor Cache {
  private let filled = DispatchSemaphore(value: 0)

  func fill() {
    // Whoever should fill the cache needs the actor for it.
    filled.wait()  // <- waits
  }

  func lookUp() -> Int { 1 }

  func store() { filled.signal() }
}

@main struct Main {
  static func main() async {
    let cache = Cache()
    let holder = Task.detached(name: "holder") { await cache.fill() }
    try? await Task.sleep(for: .milliseconds(50))
    let storing = Task.detached(name: "storing") { await cache.store() }
    let reading = Task.detached(name: "reading") { await cache.lookUp() }
    print("hung")
    fflush(nil)
    await holder.value
    await storing.value
    print(await reading.value)
  }
}
