// A global is made by a task, and waited for; the task uses the global.
// expect: lock-cycle
// tasks: list, fetch
// resource: a global's initialiser
import Dispatch
import Foundation

struct Catalogue: Sendable {
  var names: [String]

  static let shared = load()

  private static func load() -> Catalogue {
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var names: [String] = []
    Task.detached(name: "fetch") {
      names = await fetch()
      done.signal()
    }
    done.wait()  // <- waits
    return Catalogue(names: names)
  }

  private static func fetch() async -> [String] {
    shared.names + ["lamp", "table"]
  }
}

@main struct Main {
  static func main() async {
    print("hung")
    fflush(nil)
    let list = Task.detached(name: "list") { Catalogue.shared.names.count }
    print(await list.value)
  }
}
