// A synchronous wrapper around an asynchronous function, called by as many tasks as the pool has threads.
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

@main struct Main {
  static func main() async {
    let requests = (0..<2 * ProcessInfo.processInfo.activeProcessorCount).map { number in
      Task.detached(name: "request \(number)") {
        usleep(50_000)
        return querySynchronously()
      }
    }
    print("hung")
    fflush(nil)
    for request in requests { print(await request.value) }
  }
}
