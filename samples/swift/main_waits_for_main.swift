// The main actor waits, with a semaphore, for a task that runs on the main actor.
// expect: loop-self-wait
// tasks: main, render
import Foundation

@MainActor func render() -> String { "<p>" }

@MainActor func page() -> String {
  let done = DispatchSemaphore(value: 0)
  nonisolated(unsafe) var text = ""
  Task(name: "render") {
    text = render()
    done.signal()
  }
  print("hung")
  fflush(nil)
  done.wait()  // <- waits
  return text
}

@main struct Main {
  static func main() async {
    print(page())
  }
}
