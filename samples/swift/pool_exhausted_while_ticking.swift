// As many tasks as the pool has threads block until another task signals them, while a timer goes on ticking.
// expect: pool-starvation
// tasks: request
import Foundation

func querySynchronously() -> Int {
  let done = DispatchSemaphore(value: 0)
  nonisolated(unsafe) var result = 0
  Task.detached(name: "query") {
    result = 42
    done.signal()
  }
  done.wait()  // <- waits
  return result
}

func tick() -> any DispatchSourceTimer {
  let timer = DispatchSource.makeTimerSource()
  let began = Date()
  timer.schedule(deadline: .now(), repeating: 0.1)
  timer.setEventHandler {
    if began.timeIntervalSinceNow < -7 { FileHandle.standardOutput.write(Data("hung\n".utf8)) }
  }
  timer.resume()
  return timer
}

@main struct Main {
  static func main() async {
    let timer = tick()
    let requests = (0..<2 * ProcessInfo.processInfo.activeProcessorCount).map { _ in
      Task.detached(name: "request") {
        usleep(50_000)
        return querySynchronously()
      }
    }
    for request in requests { print(await request.value) }
    timer.cancel()
  }
}
