// An early exit leaves a lock taken, and its task ends.
// expect: abandoned-lock
// tasks: second
// resource: journal
import Foundation

let journal = NSLock()

func write(_ line: String) -> Bool {
  journal.lock()  // <- holds
  guard !line.isEmpty else { return false }
  journal.unlock()
  return true
}

func append(_ line: String) -> Bool {
  journal.lock()  // <- waits
  defer { journal.unlock() }
  return !line.isEmpty
}

@main struct Main {
  static func main() async {
    _ = await Task.detached(name: "first") { write("") }.value
    let second = Task.detached(name: "second") { append("x") }
    print("hung")
    fflush(nil)
    print(await second.value)
  }
}
