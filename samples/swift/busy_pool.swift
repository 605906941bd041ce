// Pools whose threads are all taken for long, while others stand in line: some compute, some wait for a timer or for a
// thread, and one after another has its turn.
// expect: nothing
import Dispatch
import Foundation

final class Count: @unchecked Sendable {
  private let lock = NSLock()
  private var value = 0
  func add() -> Int {
    lock.withLock {
      value += 1
      return value
    }
  }
}

/// What a thread of the program answers, a while later. Somebody is told of it in between.
func answer(after seconds: Double, noting count: Count) {
  let answered = DispatchSemaphore(value: 0)
  Task { _ = count.add() }
  let thread = Thread {
    Thread.sleep(forTimeInterval: seconds)
    answered.signal()
  }
  thread.start()
  answered.wait()
}

func compute(for seconds: Double, noting count: Count) {
  let end = Date().addingTimeInterval(seconds)
  Task { _ = count.add() }
  while Date() < end { usleep(100) }
}

func tick() -> any DispatchSourceTimer {
  let timer = DispatchSource.makeTimerSource()
  let ticks = Count()
  timer.schedule(deadline: .now(), repeating: .milliseconds(100))
  timer.setEventHandler {
    guard ticks.add() == 90 else { return }
    print("idle")
    fflush(nil)
  }
  timer.resume()
  return timer
}

@main struct Main {
  static func main() async {
    let timer = tick()
    let count = Count()
    let width = ProcessInfo.processInfo.activeProcessorCount
    while !timer.isCancelled {
      await withTaskGroup { group in
        for _ in 0..<width { group.addTask { answer(after: 0.3, noting: count) } }
        for _ in 0..<width { group.addTask { compute(for: 0.3, noting: count) } }
        for _ in 0..<width { group.addTask { answer(after: 20, noting: count) } }
      }
    }
  }
}
