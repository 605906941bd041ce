// Two services that each wait for the other one to have started.
// expect: await-cycle
// tasks: database, cache
import Glibc

actor Application {
  private var services: [String: Task<String, Never>] = [:]

  func start(_ name: String, after dependency: String) {
    services[name] = Task(name: name) {
      try? await Task.sleep(for: .milliseconds(50))
      let before = await self.services[dependency]!.value  // <- waits
      return before + ", " + name
    }
  }

  func stop() async -> String { await services["cache"]!.value }
}

@main struct Main {
  static func main() async {
    let application = Application()
    await application.start("database", after: "cache")
    await application.start("cache", after: "database")
    print("hung")
    fflush(nil)
    print(await application.stop())
  }
}
