// A semaphore limits how many work at once; an early exit does not give the permit back.
// expect: leaked-permit
// tasks: job 3
// resource: limit
import Foundation

let limit = DispatchSemaphore(value: 2)

func run(_ job: Int) -> Bool {
  limit.wait()  // <- waits
  guard job > 2 else { return false }
  limit.signal()
  return true
}

@main struct Main {
  static func main() async {
    _ = await Task.detached(name: "job 1") { run(1) }.value
    _ = await Task.detached(name: "job 2") { run(2) }.value
    let last = Task.detached(name: "job 3") { run(3) }
    print("hung")
    fflush(nil)
    print(await last.value)
  }
}
