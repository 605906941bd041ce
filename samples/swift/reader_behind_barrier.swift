// A block on a concurrent queue reads from it once more while a barrier block waits for that block to end.
// expect: self-deadlock
// tasks: summary
// resource: settings
import Dispatch
import Foundation

final class Settings: @unchecked Sendable {
  private let queue = DispatchQueue(label: "settings", attributes: .concurrent)
  private var values = ["theme": "dark"]

  subscript(key: String) -> String? {
    get { queue.sync { values[key] } }  // <- waits
    set { queue.async(flags: .barrier) { self.values[key] = newValue } }
  }

  func summary() -> String {
    queue.sync {  // <- holds
      usleep(100_000)
      return "theme: \(self["theme"] ?? "none")"
    }
  }
}

@main struct Main {
  static func main() async {
    let settings = Settings()
    let summary = Task.detached(name: "summary") { settings.summary() }
    let change = Task.detached(name: "change") {
      usleep(50_000)
      settings["theme"] = "light"
    }
    print("hung")
    fflush(nil)
    await change.value
    print(await summary.value)
  }
}
