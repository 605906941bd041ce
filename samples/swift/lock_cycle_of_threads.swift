// Two threads without any task, and two pthread mutexes.
// expect: lock-cycle
// lines: unoptimised
import Foundation

final class Mutex: @unchecked Sendable {
  let pointer = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  init() { pthread_mutex_init(pointer, nil) }
}

func take(_ first: Mutex, then second: Mutex) {
  pthread_mutex_lock(first.pointer)  // <- holds
  usleep(100_000)
  pthread_mutex_lock(second.pointer)  // <- waits
  pthread_mutex_unlock(second.pointer)
  pthread_mutex_unlock(first.pointer)
}

@main struct Main {
  static func main() async throws {
    let index = Mutex()
    let journal = Mutex()
    let reader = Thread { take(index, then: journal) }
    let writer = Thread { take(journal, then: index) }
    reader.name = "reader"
    writer.name = "writer"
    reader.start()
    writer.start()
    print("hung")
    fflush(nil)
    try await Task.sleep(for: .seconds(3600))
  }
}
