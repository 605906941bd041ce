// A lock is held across an await on the main actor, and the next task of the main actor blocks on it.
// expect: suspended-holder
// tasks: save, load
// resource: guardLock
import Foundation

@MainActor final class Document {
  private let guardLock = NSLock()

  private func begin() { guardLock.lock() }  // <- holds
  private func end() { guardLock.unlock() }

  func save() async {
    begin()
    defer { end() }
    try? await Task.sleep(for: .milliseconds(50))
  }

  func load() {
    guardLock.lock()  // <- waits
    guardLock.unlock()
  }
}

@main struct Main {
  static func main() async {
    let document = Document()
    let save = Task(name: "save") { await document.save() }
    let load = Task(name: "load") { document.load() }
    print("hung")
    fflush(nil)
    await save.value
    await load.value
  }
}
