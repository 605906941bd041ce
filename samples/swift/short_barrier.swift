// Two are to begin together, and one never comes.
// expect: short-barrier
// tasks: left
import Glibc

final class Barrier: @unchecked Sendable {
  private let pointer = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)
  init(_ count: UInt32) { pthread_barrier_init(pointer, nil, count) }
  @inline(never) func pass() -> Bool { pthread_barrier_wait(pointer) == 0 }  // <- waits
}

func begin(at barrier: Barrier, isOpen: Bool) -> Bool {
  guard isOpen else { return false }
  return barrier.pass()
}

@main struct Main {
  static func main() async {
    let barrier = Barrier(2)
    let left = Task.detached(name: "left") { begin(at: barrier, isOpen: true) }
    let right = Task.detached(name: "right") { begin(at: barrier, isOpen: false) }
    print("hung")
    fflush(nil)
    print(await left.value, await right.value)
  }
}
