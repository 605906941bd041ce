// A task waits, under a lock, for the end of a thread that takes the same lock.
// expect: lock-cycle
// tasks: flush
import Foundation

let log = NSLock()

func flush() {
  log.lock()  // <- holds
  var writer = pthread_t()
  pthread_create(
    &writer, nil,
    { _ in
      log.withLock { print("written") }  // <- waits
      return nil
    }, nil)
  pthread_join(writer, nil)  // <- waits
  log.unlock()
}

@main struct Main {
  static func main() async {
    let flushing = Task.detached(name: "flush") { flush() }
    print("hung")
    fflush(nil)
    await flushing.value
  }
}
