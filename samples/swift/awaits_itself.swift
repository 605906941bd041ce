// A task that flushes at its end awaits whatever task is current, which is itself.
// expect: await-cycle
// tasks: writer
import Glibc

actor Log {
  private var current: Task<Void, Never>?

  func begin() -> Task<Void, Never> {
    let writer = Task(name: "writer") {
      try? await Task.sleep(for: .milliseconds(20))
      await self.flush()
    }
    current = writer
    return writer
  }

  func flush() async {
    await current?.value  // <- waits
  }
}

@main struct Main {
  static func main() async {
    let writer = await Log().begin()
    print("hung")
    fflush(nil)
    await writer.value
  }
}
