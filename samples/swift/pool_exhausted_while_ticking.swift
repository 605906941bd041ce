// As many tasks as the pool has threads block until another task signals them, while a timer goes on ticking.
// expect: pool-starvation
// tasks: request
import Dispatch
import Foundation

func query() async -> Int { 42 }

func querySynchronously() -> Int {
  let done = DispatchSemaphore(value: 0)
  nonisolated(unsafe) var result = 0
  Task.detached(name: "query") {
    result = await query()
    done.signal()
  }
  done.wait()  // <- waits
  return result
}

func tick() -> any DispatchSourceTimer {
  let timer = DispatchSource.makeTimerSource()
  nonisolated(unsafe) var ticks = 0
  timer.schedule(deadline: .now(), repeating: .milliseconds(100))
  timer.setEventHandler {
    ticks += 1
    guard ticks == 70 else { return }
    print("hung")
    fflush(nil)
  }
  timer.resume()
  return timer
}

@main struct Main {
  static func main() async {
    let timer = tick()
    let requests = (0..<2 * ProcessInfo.processInfo.activeProcessorCount).map { number in
      Task.detached(name: "request \(number)") {
        usleep(50_000)
        return querySynchronously()
      }
    }
    for request in requests { print(await request.value) }
    timer.cancel()
  }
}
