// Globals that take a while to be made, and that many use at once; one of them needs another one, and a task.
// expect: nothing
import Dispatch
import Foundation

enum Settings {
  static let defaults: [String: Int] = {
    usleep(200_000)
    return ["width": 80]
  }()

  static let all: [String: Int] = {
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var stored: [String: Int] = [:]
    Thread.detachNewThread {
      usleep(300_000)
      stored["height"] = 25
      done.signal()
    }
    done.wait()
    return stored.merging(defaults) { $1 }
  }()
}

@main struct Main {
  static func main() async {
    await withTaskGroup { group in
      for number in 0..<20 {
        group.addTask { number % 2 == 0 ? Settings.all["height"]! : Settings.defaults["width"]! }
      }
      for await value in group { precondition(value > 0) }
    }
    print("idle")
    fflush(nil)
    try? await Task.sleep(for: .seconds(3600))
  }
}
