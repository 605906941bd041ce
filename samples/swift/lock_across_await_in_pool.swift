// A lock is held across an await; those that want it block every thread of the pool meanwhile.
// expect: pool-starvation
// tasks: flush
// resource: buffer
import Foundation

let buffer = NSLock()

func begin() { buffer.lock() }  // <- holds
func end() { buffer.unlock() }

func flush() async {
  begin()
  defer { end() }
  try? await Task.sleep(for: .milliseconds(50))
}

func append() {
  buffer.lock()  // <- waits
  buffer.unlock()
}

@main struct Main {
  static func main() async {
    let flushing = Task.detached(name: "flush") { await flush() }
    try? await Task.sleep(for: .milliseconds(20))
    let appends = (0..<2 * ProcessInfo.processInfo.activeProcessorCount).map { number in
      Task.detached(name: "append \(number)") { append() }
    }
    usleep(200_000)  // the pool may have no thread left for a sleep
    print("hung")
    fflush(nil)
    await flushing.value
    for append in appends { await append.value }
  }
}
