// Something happens every few milliseconds, and something else once an hour.
// expect: nothing
import Foundation

actor Clock {
  private(set) var ticks = 0
  func tick() { ticks += 1 }
}

@main struct Main {
  static func main() async {
    let clock = Clock()
    let timer = DispatchSource.makeTimerSource()
    timer.schedule(deadline: .now() + 3600)
    timer.setEventHandler { exit(1) }
    timer.resume()
    let ticker = Task.detached(name: "ticker") {
      while !Task.isCancelled {
        await clock.tick()
        try? await Task.sleep(for: .milliseconds(5))
      }
    }
    print("idle")
    fflush(nil)
    await ticker.value
  }
}
